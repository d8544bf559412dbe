# SPDX-License-Identifier: BSL-1.0
"""The Go versions that the tests run on, and how to get them: from the module proxy, as the go command does itself."""

import glob
import json
import os

LIST = "tools/go_versions.txt"


def versions():
    chosen = os.environ.get("CGO_GUARD_TEST_GO")
    if chosen is not None:
        return chosen.split()
    with open(LIST, encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip() and not line.startswith("#")]


def version_here(run):
    return run(["go", "env", "GOVERSION"], 60)[1].strip()[len("go"):]


def fetch(version, run):
    """The root of this Go version, or None and why there is none. run is that of run_tests.py."""
    environment = dict(os.environ, GOTOOLCHAIN="go" + version)
    status, output, errors = run(["go", "env", "GOVERSION", "GOROOT"], 600, environment, split=True)
    if output.splitlines()[:1] == ["go" + version]:
        return output.splitlines()[1], ""
    if status != 0:
        return None, errors or output
    return _download(version, run)  # a Go older than 1.21 ignores GOTOOLCHAIN


def _download(version, run):
    platform = "-".join(run(["go", "env", "GOOS", "GOARCH"], 60)[1].split())
    module = "golang.org/toolchain@v0.0.1-go%s.%s" % (version, platform)
    # Not from our directory, lest it be taken for something that our module requires.
    status, output, errors = run(["go", "mod", "download", "-json", module], 600, cwd="/", split=True)
    try:
        root = json.loads(output)["Dir"]
    except (ValueError, KeyError):
        return None, errors + output
    # A module's files can't be executed. Newer versions of the go command do the same to them.
    for program in glob.glob(root + "/bin/*") + glob.glob(root + "/pkg/tool/*/*"):
        os.chmod(program, os.stat(program).st_mode | 0o111)
    return root, ""
