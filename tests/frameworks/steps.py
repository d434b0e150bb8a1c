"""How an application is led: each line of its input names a step, each line of its output says what came of it."""
import json
import sys


def follow(steps):
    """steps: functions by name; the words behind a name on its line are their arguments."""
    for line in sys.stdin:
        name, *arguments = line.split()
        try:
            told = steps[name](*arguments)
        except Exception as error:  # the application's users would see it
            told = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(told, default=str), flush=True)
