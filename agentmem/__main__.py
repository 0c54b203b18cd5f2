"""`python -m agentmem`."""

import os
import sys

# Python puts the folder where it is started first on the import path. A json.py beside a workflow must not run.
if not sys.flags.safe_path and sys.path[:1] == [os.getcwd()]:
    del sys.path[0]

from agentmem.cli import main

if __name__ == "__main__":
    main()
