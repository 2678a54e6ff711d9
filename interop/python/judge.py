"""What the judges in Python share: they tell each flow's outcome, one JSON
object to a line, and ask the test for what only a person with a browser can do.
"""
import base64
import importlib.metadata
import json
import os
import sys
import traceback

ORIGIN = os.environ["ENTENTE_ORIGIN"]
TENANT = os.environ["ENTENTE_TENANT"]
CUSTOMER = os.environ["ENTENTE_CUSTOMER"]
APP = os.environ["ENTENTE_APP"]
SECRET = os.environ["ENTENTE_APP_SECRET"]
CERTIFICATE_APP = os.environ["ENTENTE_CERTIFICATE_APP"]
CERTIFICATE_FILE = os.environ["ENTENTE_CERTIFICATE_FILE"]
PUBLIC_APP = os.environ["ENTENTE_PUBLIC_APP"]
BACKEND = os.environ["ENTENTE_BACKEND"]
BACKEND_SECRET = os.environ["ENTENTE_BACKEND_SECRET"]
ASSERTION = os.environ["ENTENTE_ASSERTION"]
GRAPH = "https://graph.microsoft.com"
PARTNER_CENTER = "https://api.partnercenter.microsoft.com"


def say(**line):
    print(json.dumps(line), flush=True)


def sign_in(address, redirect):
    """A person walks from an authorize address to the redirect address."""
    say(visit=address, redirect=redirect)
    return json.loads(sys.stdin.readline())


def approve(address, code):
    """A person types a device's code."""
    say(device=address, code=code)
    return json.loads(sys.stdin.readline())


def client(package):
    """The package whose flows follow."""
    say(client=package + " (Python)", version=importlib.metadata.version(package))


def flow(name, difference=""):
    """Run a function as a flow; a failure does not keep the next from running."""

    def run(function):
        try:
            function()
        except Exception:
            say(flow=name, ok=False, difference=difference, detail=traceback.format_exc())
        else:
            say(flow=name, ok=True, difference=difference)

    return run


def claims(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
