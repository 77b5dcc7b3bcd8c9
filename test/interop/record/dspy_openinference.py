from recording import MODEL_URL, LedgerError, provider, record
import dspy
from openinference.instrumentation.dspy import DSPyInstrumentor

DSPyInstrumentor().instrument(tracer_provider=provider("orders"))


def use(model):
    dspy.configure(lm=dspy.LM(f"openai/{model}", api_base=MODEL_URL, api_key="sk-none", num_retries=0, cache=False))


class Draft(dspy.Module):
    def __init__(self, work=None):
        super().__init__()
        self.answer = work or dspy.Predict("order -> text")

    def forward(self, order):
        return self.answer(order=order)


def good():
    use("dspy")
    Draft()(order="7")


def unauthorized():
    use("no-key")
    Draft()(order="7")


def module_error():
    def refuse(order):
        raise LedgerError(f"the ledger refused order {order}")
    use("dspy")
    Draft(refuse)(order="7")


record("dspy-openinference", ["dspy", "openinference-instrumentation-dspy"], [good, unauthorized, module_error])
