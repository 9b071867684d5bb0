"""Become the worker of the peer that PEER names."""

import importlib
import os

if __name__ == "__main__":
    command: list[str] = importlib.import_module(f"peers.with_{os.environ['PEER']}").WORKER
    os.execvp(command[0], command)
