"""Verify a webhook: WEBHOOK_SECRET=whsec_... python verify.py ID TIMESTAMP SIGNATURE < body."""

# ruff: noqa: INP001, T201 - an example is no package, and it prints

import os
import sys

from standardwebhooks import Webhook

names = ("webhook-id", "webhook-timestamp", "webhook-signature")
headers = dict(zip(names, sys.argv[1:], strict=True))
event = Webhook(os.environ["WEBHOOK_SECRET"]).verify(sys.stdin.buffer.read(), headers)
print(event["event"], event["id"])
