"""Start the server as a client with the bundle asks: folders are the arguments, all else is the environment."""

import os
import sys

from flodesk_mcp.__main__ import main

for name, value in list(os.environ.items()):
    if value.startswith("${user_config."):  # what was left empty comes as its own name
        del os.environ[name]
if os.environ.pop("MASKED", "false") == "true":
    os.environ["FLODESK_PERSONAL_DATA"] = "masked"
folders = [folder for folder in sys.argv[1:] if not folder.startswith("${user_config.")]
if folders:
    os.environ["FLODESK_FOLDERS"] = os.pathsep.join(folders)
del sys.argv[1:]
main()
