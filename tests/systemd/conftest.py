"""What is installed and supervised is the ordinary build; the sanitizers' ones are not."""

import os

if os.path.basename(os.environ.get("HOUVAST_BUILD", "")) not in ("", "build"):
    collect_ignore = ["test_install.py", "test_supervised.py"]
