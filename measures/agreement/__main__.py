"""python -m measures.agreement ratings.csv --json"""

import os
import sys

from measures.agreement.command import main

try:
    sys.exit(main())
except BrokenPipeError:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(1)
