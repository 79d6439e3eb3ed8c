from collections import Counter
import tests.api.test_conformance as c
from tests.api.office import Office
import pytest
seen = Counter()
def test_bite(house, tmp_path, monkeypatch):
    real = Office.__post_init__
    def init(self):
        real(self)
        doc = None
        app = self.app
        async def counting(scope, receive, send):
            async def s(m):
                if m["type"] == "http.response.start": seen[m["status"]] += 1
                await send(m)
            await app(scope, receive, s)
        self.app = counting
    monkeypatch.setattr(Office, "__post_init__", init)
    c.ask(house, tmp_path, "--phases", "examples,coverage,fuzzing", "--max-examples", "8", "--no-shrink")
    print("SEEN", seen)
def test_bite2(house, tmp_path, monkeypatch):
    import scheduler.web.api.app as a
    real = a.document_of
    def broken(api, server):
        d = real(api, server)
        d["paths"]["/appointments"]["post"]["responses"].pop("422")
        d["components"]["schemas"]["AppointmentShown"]["properties"]["status"] = {"type": "integer"}
        return d
    monkeypatch.setattr(a, "document_of", broken)
    with pytest.raises(AssertionError) as e:
        c.ask(house, tmp_path, "--phases", "coverage", "--no-shrink", "--include-path", "/appointments", "--include-path", "/appointments/{appointment}")
    print(str(e.value)[:1500])
