# SPDX-License-Identifier: Apache-2.0
"""Who may ask, and where credentials come from."""
import calendar
import email.utils
import json
import time
import urllib.parse
import xml.etree.ElementTree

from sqs_client import Client
from story import URL, Queue, admin, equal, fails, faults


def test_signatures():
    queue = Queue()
    wrong = "InvalidSignatureException"
    for client, code, message in (
            (Client(URL, secret="other"), wrong, "does not match"),
            (Client(URL, key_id="AKIDNOBODY"), "UnrecognizedClientException", "invalid"),
            (Client(URL, token="unexpected"), "UnrecognizedClientException", "invalid"),
            (Client(URL, region="eu-west-1"), wrong,
             "Credential should be scoped to a valid region, not 'eu-west-1'")):
        failed = fails(code, client.call, "ListQueues", status=403)
        assert message in failed.message, failed.message
    admin("set?spelling=query")
    fails("SignatureDoesNotMatch", Client(URL, secret="other").call, "ListQueues")
    fails("InvalidClientTokenId", Client(URL, key_id="AKIDNOBODY").call, "ListQueues")
    status, body, _ = queue.client.send("POST", "/", {"content-type": "application/x-amz-json-1.0",
                                                      "x-amz-target": "AmazonSQS.ListQueues"}, b"{}")
    equal([status, b"MissingAuthenticationToken" in body], [400, True])
    admin("set?signatures=off")
    Client(URL, secret="other").call("ListQueues")


def test_clocks():
    queue = Queue()
    queue.client.ahead = -14 * 60
    queue.call("ReceiveMessage")
    queue.client.ahead = -16 * 60
    failed = fails("InvalidSignatureException", queue.call, "ReceiveMessage")
    assert failed.message.startswith("Signature expired: "), failed.message
    queue.client.ahead = 16 * 60
    assert "Signature not yet current" in fails("InvalidSignatureException", queue.receive).message
    queue.client.ahead = 0
    admin("set?skew=1200")
    failed = fails("InvalidSignatureException", queue.receive)
    assert "Signature expired" in failed.message
    theirs = calendar.timegm(email.utils.parsedate(failed.headers["Date"]))
    assert 1190 < theirs - time.time() < 1260
    queue.client.ahead = 1200
    queue.receive()
    admin("set?skew=-1200&clock_code=RequestExpired")
    fails("RequestExpired", queue.receive, status=400)


def test_keys_change_and_end():
    queue = Queue()
    admin("keys", {"id": "ASIAONE", "secret": "s", "token": "t", "seconds": 100})
    fails("UnrecognizedClientException", Client(URL, "ASIAONE", "s").call, "ListQueues")
    client = Client(URL, "ASIAONE", "s", "t")
    client.call("ListQueues")
    assert admin("expire")["expired"] >= 1
    fails("ExpiredTokenException", client.call, "ListQueues")
    admin("keys", {"id": "ASIAONE", "secret": "s", "token": "t"})
    client.call("ListQueues")
    admin("keys", {"id": "ASIAONE", "remove": True})
    fails("UnrecognizedClientException", client.call, "ListQueues")
    queue.receive()


# ---- where credentials come from


def get(path, method="GET", **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    status, body, _ = Client(URL).send(method, path, headers)
    return status, body.decode()


def can_call(key_id, secret, token):
    Client(URL, key_id, secret, token).call("ListQueues")


def test_imds():
    equal(get("/latest/api/token", "PUT")[0], 404)
    admin("set?imds=on&role=my-role")
    roles = "/latest/meta-data/iam/security-credentials/"
    equal(get(roles)[0], 401)
    equal(get(roles, X_aws_ec2_metadata_token="wrong")[0], 401)
    equal(get("/latest/api/token", "PUT")[0], 400)
    equal(get("/latest/api/token", "PUT", X_aws_ec2_metadata_token_ttl_seconds="60",
              X_Forwarded_For="x")[0], 403)
    status, token = get("/latest/api/token", "PUT", X_aws_ec2_metadata_token_ttl_seconds="60")
    equal(status, 200)
    equal(get(roles, X_aws_ec2_metadata_token=token), (200, "my-role"))
    equal(get("/latest/meta-data/placement/region", X_aws_ec2_metadata_token=token), (200, "us-east-1"))
    given = json.loads(get(roles + "my-role", X_aws_ec2_metadata_token=token)[1])
    left = calendar.timegm(time.strptime(given["Expiration"], "%Y-%m-%dT%H:%M:%SZ")) - time.time()
    assert 3500 < left < 3601, left
    can_call(given["AccessKeyId"], given["SecretAccessKey"], given["Token"])
    admin("expire")
    fails("ExpiredTokenException", can_call, given["AccessKeyId"], given["SecretAccessKey"], given["Token"])
    again = json.loads(get(roles + "my-role", X_aws_ec2_metadata_token=token)[1])
    can_call(again["AccessKeyId"], again["SecretAccessKey"], again["Token"])
    faults({"fault": "error", "code": "503", "operation": "Imds", "calls": "1"})
    equal([get(roles, X_aws_ec2_metadata_token=token)[0] for _ in range(2)], [503, 200])


def test_containers():
    admin("set?container=on&container_token=let%20me")
    equal(get("/container")[0], 401)
    given = json.loads(get("/container", Authorization="let me")[1])
    can_call(given["AccessKeyId"], given["SecretAccessKey"], given["Token"])
    admin("set?credential_real_seconds=0.2")
    given = json.loads(get("/container", Authorization="let me")[1])
    time.sleep(0.3)
    fails("ExpiredTokenException", can_call, given["AccessKeyId"], given["SecretAccessKey"], given["Token"])


def sts(client=None, **form):
    client = client or Client(URL)
    body = urllib.parse.urlencode({"Version": "2011-06-15", **form}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    if client.key_id:
        headers = client.sign("POST", headers, body, "sts")
    status, data, _ = client.send("POST", "/", headers, body)
    tree = xml.etree.ElementTree.fromstring(data)
    return status, {node.tag.rpartition("}")[2]: node.text for node in tree.iter()}


def test_sts():
    admin("set?sts=on&web_identity_token=jwt")
    nobody = Client(URL, key_id="")
    form = {"Action": "AssumeRoleWithWebIdentity", "RoleArn": "arn:aws:iam::123456789012:role/r",
            "RoleSessionName": "me"}
    equal(sts(nobody, **form)[1]["Code"], "ValidationError")
    equal(sts(nobody, **form, WebIdentityToken="old")[1]["Code"], "InvalidIdentityToken")
    status, given = sts(nobody, **form, WebIdentityToken="jwt")
    equal([status, given["Arn"]], [200, "arn:aws:sts::123456789012:assumed-role/r/me"])
    session = Client(URL, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    session.call("ListQueues")
    equal(sts(session, Action="GetCallerIdentity")[1]["Arn"], given["Arn"])
    equal(sts(Action="GetCallerIdentity")[1]["Arn"], "arn:aws:iam::123456789012:user/stub")
    status, told = sts(Client(URL, secret="other"), Action="GetCallerIdentity")
    equal([status, told["Code"]], [403, "SignatureDoesNotMatch"])
    faults({"fault": "throttle", "code": "Throttling", "operation": "GetCallerIdentity"})
    equal(sts(Action="GetCallerIdentity")[1]["Code"], "Throttling")
