#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Shows that the exhaustive test can fail: breaks a copy of bpf/decide.h in one place at a time and expects the
# very same test binary, run on the broken decision, to notice.
#   mutate.sh TEST_BINARY SUBJECT_LIBRARY COMPILER SOURCE_ROOT [TEST_ARGUMENTS...]
# MUTANTS=K/N in the environment: only the K-th of N parts of them, for N at a time.
# Exit code 0: the unbroken copy passed and every mutant was killed. The first part tries the unbroken one, with few
# vectors: that all are right is for the test itself to show, which must have passed before. A mutation whose text is
# no longer in decide.h, or there more than once, is an error: the list must follow the file.
set -euo pipefail

test_binary=$1 library=$(basename "$2") compiler=$3 root=$4
shift 4
test_arguments=("$@")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bpf"
cp "$root/bpf/abi.h" "$root/bpf/abi_maps.h" "$work/bpf/"
original=$(cat "$root/bpf/decide.h")
killed=0 survived=0 errors=0 number=0
part=${MUTANTS:-1/1}

# Makes a library of the decision that lies in $work/bpf. The broken copy is found first.
build_subject() {
  "$compiler" -std=c++20 -O2 -w -shared -fPIC -I"$work" -I"$root" \
    "$root/tests/property/decide_subject.cc" -o "$work/$library"
}
# passes_every N: whether the test passes with every N-th vector.
passes_every() {
  WARRANT_STRIDE=$1 LD_LIBRARY_PATH="$work" timeout 240 "$test_binary" --abort "${test_arguments[@]}" \
    >"$work/output" 2>&1
}

# Most mutants differ from the decision in so much that few vectors tell; only what passes those is tried with all.
readonly few=101
passes() {
  build_subject >"$work/output" 2>&1 || return 1
  passes_every "$few" && passes_every 1
}

# mutate WHAT OLD NEW: one mutant; OLD must be in decide.h exactly once.
mutate() {
  local rest=${original#*"$2"}
  number=$((number + 1))
  [ $((number % ${part#*/})) -eq $((${part%/*} % ${part#*/})) ] || return 0
  if [[ $rest == "$original" || $rest == *"$2"* ]]; then
    echo "ERROR     $1: not exactly once in decide.h: $2"
    errors=$((errors + 1))
    return
  fi
  printf '%s\n' "${original/"$2"/"$3"}" >"$work/bpf/decide.h"
  if passes; then
    echo "SURVIVED  $1"
    survived=$((survived + 1))
  elif grep -q 'assertions\? failed\|test cases\? failed\|test cases: .*failed' "$work/output"; then
    killed=$((killed + 1))
    echo "killed    $1"
  else
    echo "ERROR     $1: the test did not fail, it broke:"
    tail -3 "$work/output"
    errors=$((errors + 1))
  fi
}

if [ "${part%/*}" -eq 1 ]; then
  printf '%s\n' "$original" >"$work/bpf/decide.h"
  build_subject
  if ! passes_every "$few"; then
    echo "ERROR     the unbroken decision fails too"
    tail -20 "$work/output"
    exit 1
  fi
  echo "passed    the unbroken decision"
fi

# What a decision says.
mutate "an allow says deny" '{W_ALLOW, reason, candidate, 0}' '{W_DENY, reason, candidate, 0}'
mutate "an allow is enforced" '{W_ALLOW, reason, candidate, 0}' '{W_ALLOW, reason, candidate, 1}'
mutate "a denial says allow" '{W_DENY, reason, candidate, enforced}' '{W_ALLOW, reason, candidate, enforced}'
mutate "a denial forgets the grant" '{W_DENY, reason, candidate, enforced}' '{W_DENY, reason, W_NO_CANDIDATE, enforced}'
mutate "an unknown mode observes" 'facts->mode != W_MODE_OBSERVE' 'facts->mode == W_MODE_ENFORCE'
mutate "observe enforces" 'facts->mode != W_MODE_OBSERVE' '1'

# What counts as measured.
mutate "a failed measurement counts" 'measure == W_MEASURE_IMA;' 'measure == W_MEASURE_IMA || measure == W_MEASURE_FAILED;'
mutate "measures by range" 'return measure == W_MEASURE_CACHED ||' 'return measure < W_MEASURE_CACHED ||'
mutate "fs-verity is no measure" ' || measure == W_MEASURE_VERITY' ''
mutate "map wants exec" 'return W_ACTION_MAP;' 'return W_ACTION_EXEC;'
mutate "map wants either" 'return W_ACTION_MAP;' 'return W_ACTION_MAP | W_ACTION_EXEC;'
mutate "read wants exec" 'return W_ACTION_INTERPRET | W_ACTION_MAP;' 'return W_ACTION_EXEC;'
mutate "what is mapped may not be read" 'return W_ACTION_INTERPRET | W_ACTION_MAP;' 'return W_ACTION_INTERPRET;'
mutate "only what is mapped may be read" 'return W_ACTION_INTERPRET | W_ACTION_MAP;' 'return W_ACTION_MAP;'
mutate "load wants map" 'return W_ACTION_LOAD;' 'return W_ACTION_MAP;'
mutate "exec wants map" 'W_ACTION_SCRIPT : W_ACTION_EXEC' 'W_ACTION_SCRIPT : W_ACTION_MAP'
mutate "every interpreter may be entered directly" 'is_entered_by_script ?' '1 ?'
mutate "no interpreter may be entered through a script" 'is_entered_by_script ?' '0 ?'
mutate "a steered interpreter may be entered" 'facts->chain != 0 && !(facts->flags & W_FACT_STEERED)' 'facts->chain != 0'
mutate "who is not steered is entered by a script" 'facts->chain != 0 && !(facts->flags' '!(facts->flags'
mutate "a script is worth exec only" '? W_ACTION_EXEC | W_ACTION_SCRIPT' '? W_ACTION_SCRIPT'
mutate "the entry is not told" 'grant->actions & W_ACTION_SCRIPT ?' '0 ?'
mutate "every missing action is an entry" 'grant->actions & W_ACTION_SCRIPT ?' '1 ?'

# Objects.
mutate "class 0 has every object" 'class_ == W_CLASS_##class' 'class_ >= W_CLASS_##class'
mutate "every object is of the class" 'members & W_OBJECT_BIT(object)' '1'
mutate "objects beyond the last are of a class" 'object < W_OBJECT_COUNT && (members' '(members'
mutate "who administers may not" 'facts->flags & W_FACT_ADMINISTER' '0'
mutate "who administers loads programs" 'facts->object == W_OBJECT_BPF' '0'
mutate "maps are nothing to who administers" 'facts->object == W_OBJECT_MAP ||' '0 ||'
mutate "programs are nothing to who administers" '|| facts->object == W_OBJECT_PROGRAM' '|| 0'
mutate "who administers removes pins at any time" 'return (facts->flags & W_FACT_ENDING) != 0;' 'return 1;'
mutate "nobody ever removes pins" 'return (facts->flags & W_FACT_ENDING) != 0;' 'return 0;'
mutate "pins are as other objects" 'if (facts->object == W_OBJECT_PIN)' 'if (0)'
mutate "who administers opens doors" 'return (facts->flags & W_FACT_UPDATE) != 0;' 'return 1;'
mutate "who administers and updates opens no doors" 'return (facts->flags & W_FACT_UPDATE) != 0;' 'return 0;'
mutate "jit administers" 'facts->flags & W_FACT_ADMINISTER' 'facts->flags & (W_FACT_ADMINISTER | W_FACT_JIT)'
mutate "the policy opens enforcement" 'facts->object, W_CLASS_OWN' 'facts->object, W_CLASS_NONE'
mutate "the policy opens nothing" 'if (facts->flags & W_FACT_PERMITTED)' 'if (0)'
mutate "jit opens doors" 'facts->object, W_CLASS_MEMORY' 'facts->object, W_CLASS_DOOR'
mutate "memory needs no jit" 'W_CLASS_MEMORY) && (facts->flags & W_FACT_JIT)' 'W_CLASS_MEMORY)'
mutate "anything may be loaded as an object" 'return is_code;' 'return 1;'
mutate "code may be touched" 'return !is_code && facts->object' 'return facts->object'
mutate "nothing may be touched" 'facts->object != W_OBJECT_NONE && facts->object < W_OBJECT_COUNT' 'facts->object < W_OBJECT_COUNT'
mutate "unknown objects may be touched" 'facts->object != W_OBJECT_NONE && facts->object < W_OBJECT_COUNT' 'facts->object != W_OBJECT_NONE'
mutate "an exec has an object" 'return facts->object == W_OBJECT_NONE' 'return 1'
mutate "objects need not fit" '!w_fits_object(facts)' '0'
mutate "the policy lets no module in" 'facts->request == W_REQUEST_LOAD && (facts->flags' '0 && (facts->flags'
mutate "the policy lets everything in" 'facts->request == W_REQUEST_LOAD && (facts->flags' '(facts->flags'
mutate "every module is let in" 'W_REQUEST_LOAD && (facts->flags & W_FACT_PERMITTED)' 'W_REQUEST_LOAD'
mutate "what is touched is code" 'facts->request == W_REQUEST_TOUCH)
    return w_judge_touch' '0)
    return w_judge_touch'

# What stands between a grant and the request.
mutate "artifact 0 grants" 'grant->artifact == 0 || ' ''
mutate "any action will do" '!(grant->actions & actions)' '0'
mutate "unknown flags of a grant are ignored" 'grant->flags & ~W_CANDIDATE_ALL' '0'
mutate "the policy does not matter" 'grant->flags & W_CANDIDATE_POLICY_MISMATCH' '0'
mutate "identity does not matter" 'grant->flags & W_CANDIDATE_IDENTITY_MISMATCH' '0'
mutate "revocation does not matter" 'grant->flags & W_CANDIDATE_REVOKED' '0'
mutate "lineage does not matter" 'grant->flags & W_CANDIDATE_LINEAGE_BROKEN' '0'
mutate "uses do not matter" 'grant->flags & W_CANDIDATE_USED_UP' '0'
mutate "used up looks at revoked" 'grant->flags & W_CANDIDATE_USED_UP' 'grant->flags & W_CANDIDATE_REVOKED'
mutate "the start is exclusive" 'now < grant->not_before' 'now <= grant->not_before'
mutate "the start does not matter" 'now < grant->not_before' '0'
mutate "the start is compared as signed" 'now < grant->not_before' '(__s64)now < (__s64)grant->not_before'
mutate "the end is inclusive" 'now >= grant->not_after' 'now > grant->not_after'
mutate "the end is compared as signed" 'now >= grant->not_after' '(__s64)now >= (__s64)grant->not_after'
mutate "an end of 0 is forever" 'now >= grant->not_after' 'grant->not_after && now >= grant->not_after'
mutate "the lease is inclusive" 'now >= grant->lease_until' 'now > grant->lease_until'
mutate "the lease does not matter" 'now >= grant->lease_until && ' '0 && '
mutate "nothing survives a lost lease" ' && !(grant->flags & W_CANDIDATE_RECOVERY)' ''
mutate "what is not for recovery survives" '!(grant->flags & W_CANDIDATE_RECOVERY)' '(grant->flags & W_CANDIDATE_RECOVERY)'
mutate "expired and not yet valid swapped" 'return W_REASON_EXPIRED' 'return W_REASON_NOT_YET_VALID'
mutate "revoked says policy" 'return W_REASON_REVOKED' 'return W_REASON_POLICY_MISMATCH'

# What the grants come to.
mutate "the last grant is not looked at" 'i < W_MAX_CANDIDATES' 'i < W_MAX_CANDIDATES - 1'
mutate "only the first grant is looked at" 'i < W_MAX_CANDIDATES' 'i < 1'
mutate "one grant too many" 'i >= facts->candidate_count' 'i > facts->candidate_count'
mutate "always the first grant" '&facts->candidates[i]' '&facts->candidates[0]'
mutate "the farthest reason" 'reason > best->reason' 'reason < best->reason'
mutate "the last of equals" 'reason > best->reason' 'reason >= best->reason'
mutate "who came nearest is forgotten" 'best->candidate = (__u8)i;' ';'
mutate "no reason is reported" 'if (best->reason != W_REASON_MISSING)' 'if (0)'
mutate "the room is trusted" 'best->reason = W_REASON_MISSING;' ';'
mutate "a grant makes a name" 'facts->candidate_count == 0 && (facts->flags & W_FACT_NAMED)' 'facts->flags & W_FACT_NAMED'
mutate "a name is no identity mismatch" 'facts->candidate_count == 0 && (facts->flags & W_FACT_NAMED)' '0'
mutate "named content mismatches" '!(facts->flags & W_FACT_NAMED) && (facts' '(facts'
mutate "content never mismatches" '(facts->flags & W_FACT_WAS_NAMED)' '0'

# Writes.
mutate "mapped code may be written" '(W_FACT_NAMED | W_FACT_MAPPED)' 'W_FACT_NAMED'
mutate "authorized code may be written" '(W_FACT_NAMED | W_FACT_MAPPED)' 'W_FACT_MAPPED'
mutate "jit may update" 'if (facts->flags & W_FACT_UPDATE)' 'if (facts->flags & (W_FACT_UPDATE | W_FACT_JIT))'

# Code.
mutate "an exec is a map" 'int is_map = facts->request == W_REQUEST_MAP' 'int is_map = facts->request != W_REQUEST_WRITE'
mutate "modified code may be mapped" 'W_FACT_WRITABLE | W_FACT_MODIFIED' 'W_FACT_WRITABLE'
mutate "writable code may be mapped" 'W_FACT_WRITABLE | W_FACT_MODIFIED' 'W_FACT_MODIFIED'
mutate "jit does not lift write conflicts" '&& !(facts->flags & W_FACT_JIT))' ')'
mutate "anonymous memory is measured" 'is_map && (facts->flags & W_FACT_ANONYMOUS)' '0'
mutate "anonymous memory needs no jit" 'return facts->flags & W_FACT_JIT ? w_allow' 'return 1 ? w_allow'
mutate "writers do not matter" 'facts->flags & W_FACT_WRITERS' '0'
mutate "writers matter only to a map" 'if (facts->flags & W_FACT_WRITERS' 'if (is_map && facts->flags & W_FACT_WRITERS'
mutate "measures do not matter" '!w_is_measured(facts->measure)' '0'
mutate "the own image may be executed" 'is_map && (facts->flags & W_FACT_OWN_IMAGE)' 'facts->flags & W_FACT_OWN_IMAGE'
mutate "the own image needs a grant" 'is_map && (facts->flags & W_FACT_OWN_IMAGE)' '0'

# Facts that cannot be relied on.
mutate "mode 0 is ready" 'facts->mode == W_MODE_INVALID || ' ''
mutate "a mode beyond the last is ready" 'facts->mode >= W_MODE_COUNT' 'facts->mode > W_MODE_COUNT'
mutate "audit 0 is ready" 'facts->audit == W_AUDIT_INVALID || ' ''
mutate "an audit beyond the last is ready" 'facts->audit >= W_AUDIT_COUNT' 'facts->audit > W_AUDIT_COUNT'
mutate "request 0 is ready" 'facts->request == W_REQUEST_INVALID || ' ''
mutate "a request beyond the last is ready" 'facts->request >= W_REQUEST_COUNT' 'facts->request > W_REQUEST_COUNT'
mutate "too many grants are cut" 'facts->candidate_count > W_MAX_CANDIDATES || ' ''
mutate "as many grants as fit are too many" 'facts->candidate_count > W_MAX_CANDIDATES' 'facts->candidate_count >= W_MAX_CANDIDATES'
mutate "unknown facts are ignored" 'facts->flags & ~W_FACT_ALL' '0'
mutate "a lost context is ignored" '(W_FACT_NO_CONTEXT | W_FACT_RACED)' 'W_FACT_RACED'
mutate "a race is ignored" '(W_FACT_NO_CONTEXT | W_FACT_RACED)' 'W_FACT_NO_CONTEXT'

# The whole.
mutate "nothing need be ready" '!w_is_ready(facts)' '0'
mutate "a write is code" 'facts->request == W_REQUEST_WRITE' '0'
mutate "a lost audit is ignored" '&& facts->audit == W_AUDIT_UNAVAILABLE' '&& 0'
mutate "an audit that is not required is required" '&& facts->audit == W_AUDIT_UNAVAILABLE' '&& facts->audit != W_AUDIT_REQUIRED'
mutate "a lost audit hides other reasons" 'decision.verdict == W_ALLOW && facts->audit' 'facts->audit'
mutate "an invalid verdict is let go" 'decision.verdict == W_DENY && ' ''
mutate "an invalid verdict is an allow" 'if (decision.verdict == W_ALLOW)' 'if (decision.verdict != W_DENY)'
mutate "every denial is let go" 'decision.enforced == 0 ?' '1 ?'

echo "$killed mutants killed, $survived survived, $errors errors"
echo "$killed passed, $((survived + errors)) failed"
[[ $survived == 0 && $errors == 0 ]]
