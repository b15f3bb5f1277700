"""Prints a key for what clang-tidy would say about a file: its preprocessed text and the settings."""
import hashlib
import json
import pathlib
import shlex
import subprocess
import sys

source = str(pathlib.Path(sys.argv[1]).resolve())
entry = next(e for e in json.load(open("build/fuzz/compile_commands.json")) if e["file"] == source)
command = shlex.split(entry["command"])
while "++" not in pathlib.Path(command[0]).name:  # ccache and its environment
    command.pop(0)
out = command.index("-o")
del command[out:out + 2]
text = subprocess.run(command + ["-E", "-C", "-o", "-"], cwd=entry["directory"], check=True, capture_output=True).stdout
print(hashlib.sha256(pathlib.Path(".clang-tidy").read_bytes() + text).hexdigest()[:32])
