"""A program that says itself what its runs and nodes are."""

import faultline

GRAPH = {"id": "plain", "nodes": [{"id": "fetch"}, {"id": "parse"}], "edges": [{"source": "fetch", "target": "parse"}]}


@faultline.node
def fetch(order):
    return {"order": order}


@faultline.node(max_attempts=1)
def parse(order):
    raise ValueError("no total")


try:
    with faultline.run(GRAPH, agent_id="plain"):
        parse(fetch("A-17"))
except ValueError:
    faultline.record_evolution(agent_id="plain", resolution="validate the total", graph={**GRAPH, "version": 2})
