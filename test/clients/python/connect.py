"""clickhouse-connect with its defaults, or with the compression that is asked for."""

import json
import os
import uuid
from datetime import datetime, timezone

import clickhouse_connect

host, port = os.environ["ADDRESS"].split(":")
asked = os.environ["COMPRESSION"]
more = {} if asked == "default" else {"compress": False if asked == "none" else asked}


def client(user, password):
    return clickhouse_connect.get_client(
        host=host, port=int(port), username=user, password=os.environ[password], **more
    )


def main():
    reader = client("reader", "READER_PASSWORD")
    failures = reader.query("SELECT count() FROM failures").first_row[0]
    row = reader.query(os.environ["TYPED"]).first_row
    try:
        reader.insert(os.environ["TABLE"], [[1]], column_names=["id"])
        refused = ""
    except Exception as error:  # whatever it throws is the answer
        refused = str(error)
    now = datetime.now(timezone.utc)
    rows = [[i, now, f"text {i % 7}", {"n": str(i)}, [uuid.UUID(int=i)]] for i in range(int(os.environ["ROWS"]))]
    writer = client("faultline", "WRITER_PASSWORD")
    writer.insert(os.environ["TABLE"], rows, column_names=["id", "at", "text", "tags", "ids"])
    print(json.dumps({"failures": failures, "typed": [str(row[0]), len(row[2])], "refused": refused}))


main()
