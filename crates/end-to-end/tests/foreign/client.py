"""Uses ease-restapi, a client from PyPI, against the emulator; ends with an error if a step fails."""

import os

import requests
from ease_restapi import config

config.HOST_SERVER = os.environ["EASEMOB_BASE_URL"]
config.APP_ORG, config.APP_NAME = os.environ["EASEMOB_APP_KEY"].split("#")

from ease_restapi.service import AppAdminAccountAuth, AppClientAuth
from ease_restapi.service import create_user_credit, delete_user, modify_nickname
from ease_restapi.service import passwd_user, pickup_user

auth = AppClientAuth(os.environ["EASEMOB_CLIENT_ID"], os.environ["EASEMOB_CLIENT_SECRET"])


def good(answer):
    assert answer[0], answer
    return answer[1]["entities"][0]


assert good(create_user_credit(auth, "Dora", "2"))["username"] == "dora"
assert not create_user_credit(auth, "dora", "2")[0], "registered twice"
assert good(pickup_user(auth, "dora"))["activated"]
assert passwd_user(auth, "dora", "3")[0]
assert good(modify_nickname(auth, "dora", "D"))["nickname"] == "D"
assert AppAdminAccountAuth("dora", "3").get_token().startswith("YWMt")

# The token dies before its time: the client sees a 401, drops it, and fetches another.
requests.post(os.environ["EASEMOB_EMULATOR_CONTROL_URL"] + "/tokens/revoke").raise_for_status()
fine, text = pickup_user(auth, "dora")
assert not fine and "unauthorized" in text, text
auth.token = None
good(pickup_user(auth, "dora"))
good(delete_user(auth, "dora"))
