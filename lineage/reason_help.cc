// SPDX-License-Identifier: Apache-2.0
// One sentence on what each reason means and one on what to do, in the order of bpf/abi.h.
#include <iterator>

#include "lineage/explain.h"

namespace warrant {
namespace {

struct Entry {
  w_reason reason;
  ReasonHelp help;
};

constexpr Entry kHelp[] = {
    {W_REASON_INVALID,
     {"The kernel gave no reason, which it never should.",
      "Check that kernel programs and tools are of the same version: warrant status."}},
    {W_REASON_AUTHORIZED, {"A grant in force authorizes this request.", ""}},
    {W_REASON_NOT_GOVERNED,
     {"Nothing that is authorized or mapped as code is touched, so there is nothing to protect.",
      ""}},
    {W_REASON_NOT_READY,
     {"The kernel could not gather all facts or has no usable policy, and without them it refuses.",
      "Look at warrant status; if it happens under memory pressure or during a publication, try "
      "again."}},
    {W_REASON_UNMEASURABLE,
     {"Nobody can say what this code is, because its content cannot be measured or may change "
      "unseen.",
      "Run it from a file on a file system that the policy trusts; seal a memfd against writing "
      "first; "
      "a program that generates code needs an artifact with the jit constraint."}},
    {W_REASON_WRITE_CONFLICT,
     {"Code may not change while it is authorized or running, and may not run while it can change.",
      "Replace the file by rename instead of writing to it, close its writers before running it, "
      "or give "
      "the updater an artifact with the update action (jit for memory that is written and "
      "executed)."}},
    {W_REASON_PROTECTED,
     {"It is part of enforcement, or a door through which enforcement could be got around.",
      "Enforcement is changed by warrantd alone, which needs an artifact with the administer "
      "action. "
      "The rest can be opened by the policy (permits), memory of processes also by jit, all but "
      "pins and BPF programs to one program by administer with update."}},
    {W_REASON_AUDIT_UNAVAILABLE,
     {"The policy demands a record of every exec, and this one could not be recorded.",
      "See that warrantd runs and that its disk has space: warrant status."}},
    {W_REASON_MALFORMED,
     {"A signed document is not what it should be.",
      "Look at it with warrant artifact inspect, and have it issued again."}},
    {W_REASON_INVALID_SIGNATURE,
     {"An artifact is not signed by enough keys that the trust root names for its kind, or that "
      "its parent names as delegates.",
      "Have it signed by a key of that role: warrant artifact verify tells which keys signed, "
      "warrant trust show which may."}},
    {W_REASON_MISSING,
     {"No artifact in force authorizes this content for this task.",
      "If it should run, have an artifact issued that names its digest: warrant artifact draft "
      "--subject FILE --initiator any --out DRAFT, then warrant artifact sign."}},
    {W_REASON_CONTENT_MISMATCH,
     {"The file was authorized, but its content is no longer what was signed.",
      "If the change is right, have the new content signed; if not, restore the file and find out "
      "who "
      "wrote to it."}},
    {W_REASON_ENTRY,
     {"The interpreter may run only as the interpreter of an authorized script, not by itself, "
      "with "
      "code on its command line, on its standard input or in its environment.",
      "Execute an authorized script that begins with #! and the interpreter's path (not env's), "
      "without variables such as BASH_ENV or PYTHONPATH, or have an artifact issued that lets this "
      "initiator enter the interpreter (interpreter.entry: any)."}},
    {W_REASON_POLICY_MISMATCH,
     {"The artifact was issued under a policy that is not in force and not honoured, or grants "
      "more than the policy lets its issuer grant.",
      "warrant artifact verify names the field and the rule; have it issued again under the policy "
      "in force, within its rules."}},
    {W_REASON_IDENTITY_MISMATCH,
     {"The content is authorized, but not for this user, group, cgroup, audit session, calling "
      "program or host.",
      "Run it as the initiator that the artifact names, or have an artifact issued for this one."}},
    {W_REASON_REVOKED,
     {"The artifact, one that it is derived from, the key that signed it, or the content was "
      "revoked.",
      "Do not run it; warrant revocation show tells what is revoked, and its issuer has a new one "
      "if it is needed."}},
    {W_REASON_LINEAGE_DISCONTINUITY,
     {"The artifact is derived from a parent that is not in force here, or it demands that the "
      "caller runs under its parent, and it does not.",
      "Install the parent beside it, or start it from the program that the parent artifact "
      "authorizes."}},
    {W_REASON_NOT_YET_VALID,
     {"The artifact's time has not begun.",
      "Wait, or have an artifact issued that begins earlier; check this machine's clock."}},
    {W_REASON_EXPIRED,
     {"The artifact's time is over.",
      "Have it issued again with a new validity; check this machine's clock."}},
    {W_REASON_REPLAY,
     {"The artifact was used as often as it allows, or was presented before; or a document is "
      "older than one that was in force.",
      "Have a new one issued: an artifact's uses do not come back, and versions and epochs only "
      "grow."}},
    {W_REASON_ENVIRONMENT_FAILURE,
     {"The machine is not in the state that is demanded, or nobody has confirmed it lately, or its "
      "revocation list is older than the policy allows.",
      "See that warrantd runs and what the machine measured: warrant status; install a newer "
      "revocation list."}},
};

constexpr bool in_order() {
  for (size_t i = 0; i < std::size(kHelp); ++i)
    if (kHelp[i].reason != i)
      return false;
  return true;
}
static_assert(std::size(kHelp) == W_REASON_COUNT && in_order());

constexpr ReasonHelp kUnknown = {
    "The kernel gave a reason that this version does not know.",
    "Use the tools of the same version as the kernel programs: warrant status."};

} // namespace

ReasonHelp reason_help(uint8_t reason) {
  return reason < std::size(kHelp) ? kHelp[reason].help : kUnknown;
}

} // namespace warrant
