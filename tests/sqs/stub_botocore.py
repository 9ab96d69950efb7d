# SPDX-License-Identifier: Apache-2.0
"""botocore's own client of SQS, speaking JSON.

The botocore of Debian 12 knows the query protocol alone; names and shapes are those of JSON, so its model
needs another protocol and its serializer does the rest.
"""
import botocore.config
import botocore.session


def speak_json(model):
    model["metadata"].update(protocol="json", jsonVersion="1.0", targetPrefix="AmazonSQS")
    forget(model["shapes"])
    for operation in model["operations"].values():
        operation.get("output", {}).pop("resultWrapper", None)
    return model


def forget(shapes):
    """The names that members have in XML and in forms."""
    for shape in shapes.values():
        for name in ("flattened", "locationName", "error"):
            shape.pop(name, None)
        parts = [*shape.get("members", {}).values(), *(shape[part] for part in ("member", "key", "value")
                                                       if part in shape)] if shape["type"] != "string" else []
        for part in parts:
            for name in ("locationName", "queryName", "flattened"):
                part.pop(name, None)


def client(url, key_id="AKIDSTUB", secret="stub-secret", token=None, region="us-east-1"):
    session = botocore.session.Session()
    loader = session.get_component("data_loader")
    load = loader.load_service_model

    def load_as_json(service_name, type_name, api_version=None):
        model = load(service_name, type_name, api_version)
        if type_name == "service-2" and model["metadata"].get("protocol") == "query":
            speak_json(model)
        return model

    loader.load_service_model = load_as_json
    config = botocore.config.Config(retries={"max_attempts": 0, "mode": "standard"}, read_timeout=30)
    return session.create_client("sqs", endpoint_url=url, region_name=region, aws_access_key_id=key_id,
                                 aws_secret_access_key=secret, aws_session_token=token, config=config)
