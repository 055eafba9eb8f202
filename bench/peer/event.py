"""Make an event with tickets, a check-in list and a token in pretix, through its own models.

Runs within pretix: `python -m pretix shell < event.py`, with the number of tickets in TICKETS.
Prints a JSON line: the organizer, the list's number, the token, and the secrets of the tickets.
"""

import json
import os
from datetime import timedelta
from decimal import Decimal

from django.utils.timezone import now
from django_scopes import scopes_disabled
from pretix.base.models import Event, Order, OrderPosition, Organizer, TeamAPIToken

with scopes_disabled():
    organizer = Organizer.objects.create(name="Bench", slug="bench")
    event = Event.objects.create(
        organizer=organizer,
        name="Bench",
        slug="bench",
        date_from=now(),
        plugins="",
        live=True,
        currency="VND",
    )
    item = event.items.create(name="Visit", default_price=Decimal(0), admission=True)
    checkins = event.checkin_lists.create(
        name="Desk", all_products=True, allow_multiple_entries=True
    )
    team = organizer.teams.create(
        name="Desk", all_events=True, all_event_permissions=True, all_organizer_permissions=True
    )
    token = TeamAPIToken.objects.create(team=team, name="bench")
    secrets = []
    for number in range(int(os.environ["TICKETS"])):
        order = Order.objects.create(
            event=event,
            code=f"B{number:05d}",
            email="",
            status=Order.STATUS_PAID,
            datetime=now(),
            expires=now() + timedelta(days=10),
            total=Decimal(0),
            locale="en",
            sales_channel=organizer.sales_channels.get(identifier="web"),
        )
        secret = f"bench{number:027d}"
        OrderPosition.objects.create(
            order=order, item=item, price=Decimal(0), positionid=1, secret=secret
        )
        secrets.append(secret)
    line = {"list": checkins.pk, "token": token.token, "secrets": secrets}
    print(json.dumps(line | {"organizer": organizer.slug}))
