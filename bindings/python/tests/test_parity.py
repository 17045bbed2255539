"""Everything the C ABI has is here, under the name that the rule gives it, or is left out for a reason."""

from __future__ import annotations

import inspect
import re
from typing import Any, Dict, List

import mychat
import mychat.federation
import mychat.mls
import pytest
from conftest import ROOT

# Functions that Python has no use for, and why.
LEFT_OUT = {
    "mychat_set_allocator": "what the library hands over becomes a Python object and is freed before the call returns, so "
    "nothing is ever held; an allocator in Python would be called under the library's locks",
    "mychat_client_create": "Client(...), AsyncClient.open()",
    "mychat_client_free": "the garbage collector, after close()",
    "mychat_client_await": "Request.result() and Request.completion(); AsyncClient: await",
    "mychat_client_cancel": "Request.cancel(); AsyncClient: cancelling the task",
    "mychat_verify_backup": "mychat.verify_backup() without a client, Client.verify_backup() with one",
}
# Methods whose class says what the function's name says.
FEDERATION = {
    "mychat_federation_node_create": "Node",
    "mychat_federation_node_free": "close",
    "mychat_federation_handshake_free": "close",
    "mychat_federation_handshake_begin": "begin_handshake",
    "mychat_federation_handshake_answer": "answer_handshake",
    "mychat_federation_handshake_finish": "finish",
    "mychat_federation_handshake_confirm": "confirm",
    "mychat_federation_handshake_id": "id",
    "mychat_federation_handshake_message": "message",
}
MLS = {
    "mychat_mls_supported_suite": "supported_suites",
}
MLS_PREFIXES: Dict[str, Any] = {"group_": mychat.mls.Group, "commit_": mychat.mls.Commit, "key_package_": mychat.mls.KeyPackage}
LEFT_OUT_SUFFIXES = {
    "_free": "results are Python objects",
    "_init": "options are keyword arguments",
}


def symbols() -> List[str]:
    lines = (ROOT / "tests/abi/symbols.txt").read_text().splitlines()
    return [line.split()[0] for line in lines if line.strip()]


def test_every_function_is_reachable_or_left_out_for_a_reason() -> None:
    assert len(symbols()) >= 80
    missing = []
    for symbol in symbols():
        if symbol not in FEDERATION and (symbol in LEFT_OUT or symbol.endswith(tuple(LEFT_OUT_SUFFIXES))):
            continue
        if symbol.startswith("mychat_client_"):
            name = symbol[len("mychat_client_") :]
            for owner in (mychat.Client, mychat.AsyncClient):
                if not callable(getattr(owner, name, None)):
                    missing.append(f"{owner.__name__}.{name}")
        elif symbol.startswith("mychat_federation_"):
            name = FEDERATION.get(symbol, symbol[len("mychat_federation_") :])
            owners = (mychat.federation, mychat.federation.Node, mychat.federation.Handshake)
            if not any(hasattr(owner, name) for owner in owners):
                missing.append(symbol)
        elif symbol.startswith("mychat_mls_"):
            name = symbol[len("mychat_mls_") :]
            for prefix, handle in MLS_PREFIXES.items():
                if name.startswith(prefix):
                    found = hasattr(handle, name[len(prefix) :])
                    break
            else:
                holder: Any = mychat.mls.KeyPackage if name == "join_proposal" else mychat.mls
                found = callable(getattr(holder, MLS.get(symbol, name), None))
            if not found:
                missing.append(symbol)
        elif not callable(getattr(mychat, symbol[len("mychat_") :], None)):
            missing.append(symbol)
    assert missing == []


def test_what_is_left_out_exists() -> None:
    assert set(LEFT_OUT) <= set(symbols())
    for used in ("result", "completion", "cancel"):
        assert callable(getattr(mychat.Request, used))


def test_every_networked_call_can_be_begun_without_a_wait() -> None:
    for operation in mychat.Operation:
        name = operation.name.lower()
        assert callable(getattr(mychat.Requests, name))
        assert inspect.iscoroutinefunction(getattr(mychat.AsyncClient, name))


def test_both_clients_take_the_same_arguments() -> None:
    def arguments(function: object) -> List[str]:
        return [str(p) for p in inspect.signature(function).parameters.values() if p.name != "timeout"]  # type: ignore[arg-type]

    assert arguments(mychat.Client.__init__) == arguments(mychat.AsyncClient.__init__)
    for name, function in inspect.getmembers(mychat.AsyncClient, inspect.isfunction):
        if not name.startswith("_") and hasattr(mychat.Client, name):
            assert arguments(getattr(mychat.Client, name)) == arguments(function), name


# C's prefix to the enum here.
ENUMS: Dict[str, Any] = {
    "MYCHAT_DOMAIN_": mychat.Domain,
    "MYCHAT_LOG_": mychat.LogLevel,
    "MYCHAT_CLIENT_": mychat.ClientFlag,
    "MYCHAT_POLICY_": mychat.Policy,
    "MYCHAT_TRUST_": mychat.Trust,
    "MYCHAT_PRESENCE_": mychat.PresenceStatus,
    "MYCHAT_EVENT_": mychat.EventType,
    "MYCHAT_OPERATION_": mychat.Operation,
    "MYCHAT_CONNECTION_": mychat.ConnectionState,
    "MYCHAT_KEY_": mychat.KeyFormat,
    "MYCHAT_FINGERPRINT_": mychat.FingerprintForm,
    "MYCHAT_SCAN_": mychat.ScanResult,
    "MYCHAT_BACKUP_": mychat.BackupKind,
    "MYCHAT_DIRECTION_": mychat.Direction,
    "MYCHAT_CONTENT_": mychat.ContentType,
    "MYCHAT_MESSAGE_": mychat.MessageStatus,
    "MYCHAT_VERIFICATION_": mychat.Verification,
    "MYCHAT_REPAIR_": mychat.Repair,
}
# Of one prefix: by their members.
FEDERATION_ENUMS = {
    member.name: group
    for group in (
        mychat.federation.Flags,
        mychat.federation.Continuity,
        mychat.federation.Mode,
        mychat.federation.Verdict,
    )
    for member in group
}

# By what stands before the member's name, the longest first.
MLS_ENUMS: Dict[str, Any] = {
    "MYCHAT_MLS_CREDENTIAL_": mychat.mls.CredentialType,
    "MYCHAT_MLS_SENDER_": mychat.mls.SenderType,
    "MYCHAT_MLS_PSK_USAGE_": mychat.mls.PskUsage,
    "MYCHAT_MLS_PSK_": mychat.mls.PskType,
    "MYCHAT_MLS_LEAF_": mychat.mls.LeafFlags,
    "MYCHAT_MLS_CONTENT_": mychat.mls.Content,
    "MYCHAT_MLS_INFO_": mychat.mls.InfoFlags,
    "MYCHAT_MLS_RELATION_": mychat.mls.Relation,
}
MLS_OTHERS = (mychat.mls.ProposalType, mychat.mls.Format, mychat.mls.Flags, mychat.mls.HandshakeFlags)


def mls_enum(name: str) -> Any:
    """The enum and the member of a name that begins with MYCHAT_MLS_."""
    for prefix in sorted(MLS_ENUMS, key=len, reverse=True):
        member = name[len(prefix) :]
        if name.startswith(prefix) and member in MLS_ENUMS[prefix].__members__:
            return MLS_ENUMS[prefix], member
    member = name[len("MYCHAT_MLS_") :]
    return next(group for group in MLS_OTHERS if member in group.__members__), member


def enum_values() -> Dict[str, int]:
    values: Dict[str, int] = {}
    for header in sorted((ROOT / "include/mychat").glob("*.h")):
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
        for body in re.findall(r"enum \{(.*?)\};", text, flags=re.S):
            for name, value in re.findall(r"(MYCHAT_\w+) = (\d+)", body):
                values[name] = int(value)
    return values


def test_every_enum_value_is_here_with_its_number() -> None:
    values = enum_values()
    assert len(values) > 100
    left = set(values)
    for name, value in values.items():
        if name == "MYCHAT_OK" or name.startswith("MYCHAT_E_"):
            group: Any = mychat.Status
            member = name[len("MYCHAT_") :] if name == "MYCHAT_OK" else name[len("MYCHAT_E_") :]
        elif name.startswith("MYCHAT_FEDERATION_"):
            member = name[len("MYCHAT_FEDERATION_") :]
            group = FEDERATION_ENUMS[member]
        elif name.startswith("MYCHAT_MLS_"):
            group, member = mls_enum(name)
        else:
            prefix = max((p for p in ENUMS if name.startswith(p)), key=len)
            group, member = ENUMS[prefix], name[len(prefix) :]
        assert group[member] == value, name
        left.discard(name)
    assert not left
    groups: List[Any] = [
        mychat.Status, *ENUMS.values(), *set(FEDERATION_ENUMS.values()), *MLS_ENUMS.values(), *MLS_OTHERS,
    ]
    for group in groups:
        known = [member for member in group if member.name != "NONE" or group is not mychat.Policy]
        assert len(known) == sum(1 for n in values if belongs(n, group)), group


def belongs(name: str, group: object) -> bool:
    if name == "MYCHAT_OK" or name.startswith("MYCHAT_E_"):
        return group is mychat.Status
    if name.startswith("MYCHAT_FEDERATION_"):
        return FEDERATION_ENUMS[name[len("MYCHAT_FEDERATION_") :]] is group
    if name.startswith("MYCHAT_MLS_"):
        return mls_enum(name)[0] is group
    return ENUMS[max((p for p in ENUMS if name.startswith(p)), key=len)] is group


@pytest.mark.parametrize("status", [s for s in mychat.Status if s])
def test_every_status_has_the_name_of_c(status: mychat.Status) -> None:
    assert mychat.status_name(status) == f"MYCHAT_E_{status.name}"


def test_names_of_numbers() -> None:
    assert mychat.status_name(0) == "MYCHAT_OK"
    assert mychat.status_name(9999) == "MYCHAT_E_UNKNOWN"
    assert [mychat.event_type_name(t) for t in mychat.EventType] == [t.name.lower() for t in mychat.EventType]
    assert mychat.version_string() == mychat.__version__ == "0.1.0"
    assert mychat.version_number() == 100
    assert mychat.build_info().split()[0] == "mychat/0.1.0"


def test_structs_have_the_fields_of_c() -> None:
    """Each field of a struct that goes out has its attribute, but for sizes that Python has in the value itself."""
    import dataclasses

    replaced = {"struct_size", "count", "size", "problem_count", "loss_count", "items", "retry_after_ms", "any", "data"}
    classes = {"message_list": "MessagePage", "event": "Event"}
    skipped = {"bytes", "allocator", "error", "session_list", "contact_list", "conversation_list"}
    skipped |= {"mls_proposal_list", "mls_member_list", "mls_record_list"}
    seen = 0
    for header in sorted((ROOT / "include/mychat").glob("*.h")):
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
        for body, name in re.findall(r"typedef struct mychat_\w+ \{(.*?)\} mychat_(\w+);", text, flags=re.S):
            if name in skipped or name.endswith("_options"):
                continue
            owner: Any = mychat
            if name.startswith("federation_"):
                owner, name = mychat.federation, name[len("federation_") :]
            elif name.startswith("mls_"):
                owner, name = mychat.mls, name[len("mls_") :]
            made = getattr(owner, classes.get(name, "".join(part.title() for part in name.split("_"))))
            wanted = set(re.findall(r"(\w+);", body)) - replaced
            if owner is mychat.mls:  # Bytes and lists have their size in them; "data" is one here.
                sizes = {field for field in wanted if field.endswith(("_size", "_count"))} - {"member_count"}
                wanted -= sizes
            assert wanted <= {field.name for field in dataclasses.fields(made)}, name
            seen += 1
    assert seen >= 15
