"""clickhouse-driver over the native protocol, with the compression that is asked for."""

import json
import os
import uuid
from datetime import datetime, timezone

from clickhouse_driver import Client

host, port = os.environ["ADDRESS"].split(":")
asked = os.environ["COMPRESSION"]


def client(user, password):
    return Client(
        host,
        port=int(port),
        user=user,
        password=os.environ[password],
        database="faultline",
        compression=False if asked == "none" else asked,
    )


def main():
    reader = client("reader", "READER_PASSWORD")
    failures = reader.execute("SELECT count() FROM failures")[0][0]
    row = reader.execute(os.environ["TYPED"])[0]
    try:
        reader.execute(f"INSERT INTO {os.environ['TABLE']} (id) VALUES", [[1]])
        refused = ""
    except Exception as error:  # whatever it throws is the answer
        refused = str(error)
    now = datetime.now(timezone.utc)
    rows = [[i, now, f"text {i % 7}", {"n": str(i)}, [uuid.UUID(int=i)]] for i in range(int(os.environ["ROWS"]))]
    writer = client("faultline", "WRITER_PASSWORD")
    writer.execute(f"INSERT INTO {os.environ['TABLE']} (id, at, text, tags, ids) VALUES", rows)
    print(json.dumps({"failures": failures, "typed": [str(row[0]), len(row[2])], "refused": refused}))


main()
