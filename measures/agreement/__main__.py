"""python -m measures.agreement ratings.csv --json"""

import sys

from measures.agreement.command import main

sys.exit(main())
