"""Without scikit-learn, as in the environment of `make without-torch`, only what does not need it is tested."""

import importlib.util

collect_ignore = (
    []
    if importlib.util.find_spec("sklearn")
    else ["test_checks.py", "test_calibrating.py", "test_classifier.py", "test_opened.py", "test_together.py"]
)
