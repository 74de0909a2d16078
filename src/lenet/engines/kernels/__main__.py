"""`python -m lenet.engines.kernels` builds the library for this machine."""

import sys

from lenet.engines.kernels.build import main

sys.exit(main())
