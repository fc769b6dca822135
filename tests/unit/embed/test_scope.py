"""Who may find what."""

from uuid import UUID

from faultmaven_events.infra.vectors.scope import Filter, Scope
from faultmaven_events.schemas.knowledge import SearchQuery

JOB = UUID(int=7)


def test_a_filter_always_names_the_tenant() -> None:
    where = Scope("acme", "bob").filter()

    assert where is not None
    assert where.tenant == "acme"


def test_a_user_sees_their_own_knowledge_and_what_all_share() -> None:
    where = Scope("acme", "bob").filter()

    assert where == Filter("acme", either=((("collection", ("user",)), ("user", ("bob",))), (("collection", ("global",)),)))


def test_a_case_is_opened_by_its_id_and_evidence_by_its_job() -> None:
    where = Scope("acme", "bob", ("case",), case_id="C-1", documents=(JOB,)).filter()

    assert where is not None
    case = ("collection", ("case",))
    assert where.either == ((case, ("case_id", ("C-1",))), (case, ("document_id", (str(JOB),))))


def test_case_knowledge_without_a_case_is_nothing() -> None:
    assert Scope("acme", "bob", ("case",)).filter() is None


def test_unwanted_documents_are_named() -> None:
    where = Scope("acme", "bob", without=(JOB,)).filter(("document_id", ("x",)))

    assert where is not None
    assert where.never == (("document_id", (str(JOB),)),)
    assert where.must == (("document_id", ("x",)),)


def test_a_client_s_query_cannot_widen_its_scope() -> None:
    query = SearchQuery(tenant="acme", user="bob", text="disk full", collections=("user",))

    assert Scope.of(query) == Scope("acme", "bob", ("user",))
