# SPDX-License-Identifier: Apache-2.0
"""What OCSF 1.8.0 asks of an event of the class Process Activity with the profile security_control:
facts of the schema (https://schema.ocsf.io/1.8.0/classes/process_activity), as far as Warrant writes
its attributes."""

INTEGER, STRING, BOOLEAN, LIST, OBJECT = int, str, bool, list, dict

# name: (type, is required, enum or captions or object)
PRODUCT = {"name": (STRING, False, None), "uid": (STRING, False, None),
           "vendor_name": (STRING, False, None), "version": (STRING, False, None)}
METADATA = {
    "event_code": (STRING, False, None), "log_name": (STRING, False, None),
    "original_event_uid": (STRING, False, None), "original_time": (STRING, False, None),
    "product": (OBJECT, True, PRODUCT), "profiles": (LIST, False, None),
    "sequence": (INTEGER, False, None), "uid": (STRING, False, None),
    "version": (STRING, True, None)}
USER = {"uid": (STRING, False, None), "name": (STRING, False, None)}
SESSION = {"uid": (STRING, False, None)}
FINGERPRINT = {
    "algorithm": (STRING, False, None),
    "algorithm_id": (INTEGER, True, {0: "Unknown", 1: "MD5", 2: "SHA-1", 3: "SHA-256",
                                     4: "SHA-512", 5: "CTPH", 6: "TLSH", 7: "quickXorHash",
                                     99: "Other"}),
    "value": (STRING, True, None)}
FILE = {
    "hashes": (LIST, False, FINGERPRINT), "name": (STRING, True, None),
    "path": (STRING, False, None), "type": (STRING, False, None),
    "type_id": (INTEGER, True, {0: "Unknown", 1: "Regular File", 2: "Folder",
                                3: "Character Device", 4: "Block Device", 5: "Local Socket",
                                6: "Named Pipe", 7: "Symbolic Link", 99: "Other"}),
    "uid": (STRING, False, None)}
PROCESS = {
    "file": (OBJECT, False, FILE), "name": (STRING, False, None), "pid": (INTEGER, False, None),
    "session": (OBJECT, False, SESSION), "tid": (INTEGER, False, None),
    "uid": (STRING, False, None), "user": (OBJECT, False, USER)}
PROCESS["parent_process"] = (OBJECT, False, PROCESS)
ACTOR = {"app_name": (STRING, False, None), "process": (OBJECT, False, PROCESS),
         "user": (OBJECT, False, USER)}
DEVICE = {
    "hostname": (STRING, False, None), "type": (STRING, False, None),
    "type_id": (INTEGER, True, {0: "Unknown", 1: "Server", 2: "Desktop", 3: "Laptop", 4: "Tablet",
                                5: "Mobile", 6: "Virtual", 7: "IOT", 8: "Browser", 99: "Other"})}
POLICY = {"name": (STRING, False, None), "uid": (STRING, False, None),
          "version": (STRING, False, None)}
AUTHORIZATION = {"decision": (STRING, False, None), "policy": (OBJECT, False, POLICY)}
MODULE = {"file": (OBJECT, False, FILE)}
ACTIVITIES = {0: "Unknown", 1: "Launch", 2: "Terminate", 3: "Open", 4: "Inject", 5: "Set User ID",
              99: "Other"}
DISPOSITIONS = {0: "Unknown", 1: "Allowed", 2: "Blocked", 3: "Quarantined", 4: "Isolated",
                5: "Deleted", 6: "Dropped", 7: "Custom Action", 8: "Approved", 9: "Restored",
                10: "Exonerated", 11: "Corrected", 12: "Partially Corrected", 13: "Uncorrected",
                14: "Delayed", 15: "Detected", 16: "No Action", 17: "Logged", 18: "Tagged",
                99: "Other"}
EVENT = {
    # of every event
    "activity_id": (INTEGER, True, ACTIVITIES), "activity_name": (STRING, False, None),
    "category_name": (STRING, False, None),
    "category_uid": (INTEGER, True, {1: "System Activity"}),
    "class_name": (STRING, False, None), "class_uid": (INTEGER, True, {1007: "Process Activity"}),
    "message": (STRING, False, None), "metadata": (OBJECT, True, METADATA),
    "severity": (STRING, False, None),
    "severity_id": (INTEGER, True, {0: "Unknown", 1: "Informational", 2: "Low", 3: "Medium",
                                    4: "High", 5: "Critical", 6: "Fatal", 99: "Other"}),
    "status": (STRING, False, None), "status_detail": (STRING, False, None),
    "status_id": (INTEGER, False, {0: "Unknown", 1: "Success", 2: "Failure", 99: "Other"}),
    "time": (INTEGER, True, None), "type_name": (STRING, False, None),
    "type_uid": (INTEGER, True, None), "unmapped": (OBJECT, False, None),
    # of the category and the class
    "actor": (OBJECT, True, ACTOR), "device": (OBJECT, True, DEVICE),
    "launch_type": (STRING, False, None),
    "launch_type_id": (INTEGER, False, {0: "Unknown", 1: "Spawn", 2: "Fork", 3: "Exec",
                                        99: "Other"}),
    "module": (OBJECT, False, MODULE), "process": (OBJECT, True, PROCESS),
    # of the profile security_control
    "action": (STRING, False, None),
    "action_id": (INTEGER, True, {0: "Unknown", 1: "Allowed", 2: "Denied", 3: "Observed",
                                  4: "Modified", 99: "Other"}),
    "authorizations": (LIST, False, AUTHORIZATION), "disposition": (STRING, False, None),
    "disposition_id": (INTEGER, True, DISPOSITIONS), "is_alert": (BOOLEAN, False, None),
    "policy": (OBJECT, False, POLICY)}

# At least one of these must be there.
ONE_OF = ((PROCESS, ("pid", "uid")), (ACTOR, ("process", "user", "app_name")),
          (USER, ("uid", "name")), (DEVICE, ("hostname",)), (PRODUCT, ("name", "uid")),
          (POLICY, ("name", "uid")))


def _check(value, shape, place, found):
    for name, (kind, required, _) in shape.items():
        if required and name not in value:
            found.append(f"{place}{name} is missing")
    for one, names in ONE_OF:
        if shape is one and not any(name in value for name in names):
            found.append(f"{place} has none of {names}")
    for name, member in value.items():
        at = place + name
        if name not in shape:
            found.append(f"{at} is no attribute")
            continue
        kind, _, detail = shape[name]
        if type(member) is not kind:
            found.append(f"{at} is no {kind.__name__}")
        elif kind is INTEGER and detail:
            if member not in detail:
                found.append(f"{at} has no value {member}")
            sibling = name.removesuffix("_id")
            if sibling != name and sibling in value and value[sibling] != detail.get(member):
                found.append(f"{at} and {sibling} disagree")
        elif kind is OBJECT and detail:
            _check(member, detail, at + ".", found)
        elif kind is LIST and detail:
            for i, element in enumerate(member):
                _check(element, detail, f"{at}.{i}.", found)


def complaints(event):
    """What the schema would say against it; an empty list if nothing."""
    found = []
    _check(event, EVENT, "", found)
    if not found:
        if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
            found.append("type_uid")
        if event["metadata"]["version"] != "1.8.0":
            found.append("metadata.version")
        if "security_control" not in event["metadata"]["profiles"]:
            found.append("metadata.profiles")
    return found
