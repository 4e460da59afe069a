"""The jobs of this app that run on the default queue, joined to their kinds; loads no torch."""

from annotation.agreement import KIND as AGREEMENT
from annotation.agreement import AgreementRunner
from annotation.fix_running import FixRunner
from annotation.fixing import KIND as CAPTION_FIX
from annotation.import_running import ImportRunner
from annotation.importing import IMPORT
from projects.running import register_runner

register_runner(IMPORT, ImportRunner())
register_runner(AGREEMENT, AgreementRunner())
register_runner(CAPTION_FIX, FixRunner())
