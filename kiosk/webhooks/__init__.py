"""Webhooks: other programs of the hospital are sent what happens to visits, by signed POSTs.

A message holds ids only, nothing of a person: its receiver asks for what it may know.  The messages
are written in the transaction of the change (`kiosk.logbook`); here they are signed and sent.
docs/webhooks.md describes them for receivers.
"""

from kiosk.webhooks.delivery import WebhookDelivery
from kiosk.webhooks.message import trial_event
from kiosk.webhooks.receiver import open_receiver, post_signed
from kiosk.webhooks.signing_secrets import rotate_secret

__all__ = ["WebhookDelivery", "open_receiver", "post_signed", "rotate_secret", "trial_event"]
