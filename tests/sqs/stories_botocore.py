# SPDX-License-Identifier: Apache-2.0
"""A client that nobody here wrote."""
import botocore.exceptions

import stub_botocore
from story import URL, admin, equal


def test_the_client_of_botocore():
    client = stub_botocore.client(URL)
    url = client.create_queue(QueueName="boto", Attributes={"VisibilityTimeout": "40"})["QueueUrl"]
    attributes = {"n": {"DataType": "Number", "StringValue": "1"},
                  "b": {"DataType": "Binary", "BinaryValue": b"\0\1"}}
    sent = client.send_message_batch(QueueUrl=url, Entries=[
        {"Id": "0", "MessageBody": "é", "MessageAttributes": attributes}, {"Id": "1", "MessageBody": "\1"}])
    equal([[entry["Id"] for entry in sent[part]] for part in ("Successful", "Failed")], [["0"], ["1"]])
    message = client.receive_message(QueueUrl=url, WaitTimeSeconds=1, AttributeNames=["All"],
                                     MessageAttributeNames=["All"])["Messages"][0]
    equal([message["Body"], message["MessageAttributes"]], ["é", attributes])
    equal(message["MD5OfMessageAttributes"], sent["Successful"][0]["MD5OfMessageAttributes"])
    client.change_message_visibility_batch(QueueUrl=url, Entries=[
        {"Id": "0", "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 60}])
    equal(client.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"])[
        "Attributes"], {"ApproximateNumberOfMessagesNotVisible": "1"})
    deleted = client.delete_message_batch(QueueUrl=url, Entries=[
        {"Id": "0", "ReceiptHandle": message["ReceiptHandle"]}])
    equal(deleted["Successful"], [{"Id": "0"}])
    assert url in client.list_queues()["QueueUrls"]
    admin("keys", {"id": "ASIABOTO", "secret": "s", "token": "t/+=="})
    stub_botocore.client(URL, "ASIABOTO", "s", "t/+==").list_queues()
    unsigned = ("InvalidSignatureException", "SignatureDoesNotMatch")
    unknown = ("UnrecognizedClientException", "InvalidClientTokenId")
    for settings, codes in (({"secret": "other"}, unsigned), ({"key_id": "AKIDNO"}, unknown),
                            ({"region": "eu-west-1"}, unsigned)):
        try:
            stub_botocore.client(URL, **settings).list_queues()
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] in codes, error
            continue
        raise AssertionError(f"botocore got an answer with {settings}")
