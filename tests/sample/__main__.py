"""Print the sample account as the sandbox ships it: `make sample`."""

import sys

from .builder import invented_account
from .rows import written

sys.stdout.write(written(invented_account()))
