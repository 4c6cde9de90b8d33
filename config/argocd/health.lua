-- Health of the kinds of Scalegate (group scalegate.dev) for Argo CD. One script for all of them.
-- They follow kstatus: Ready sums an object up; beside a Ready that is False stands Reconciling (it waits)
-- or Stalled (only another spec or a person's act helps). Each condition carries its observedGeneration.
-- No standard library of Lua is needed (useOpenLibs stays false).

-- What waits for people, and may for days, is Suspended. All else that waits is Progressing.
local people = {
  ApprovalMissing = true,
  Audited = true,
  AwaitingQuorum = true,
  CoolingOff = true,
  EvidenceExpired = true,
  EvidenceIndeterminate = true,
  EvidenceMissing = true,
  NotGoverned = true,
  PolicyRevisionPending = true,
  SafeguardNotInPlace = true,
  ServerHeld = true,
}

-- Records that are complete when they are there.
local records = { AdverseFinding = true, GateDecision = true }

local hs = { status = "Progressing", message = "Waiting for Scalegate to look at it" }

if obj.metadata.deletionTimestamp ~= nil then
  hs.message = "Being deleted"
  return hs
end

local function text(condition)
  if condition.message == nil or condition.message == "" then
    return condition.reason
  end
  return condition.reason .. ": " .. condition.message
end

local conditions = {}
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    if condition.observedGeneration == nil or condition.observedGeneration == obj.metadata.generation then
      conditions[condition.type] = condition
    end
  end
end

if records[obj.kind] then
  hs.status = "Healthy"
  hs.message = "Recorded"
  if conditions.Resolved ~= nil then
    hs.message = text(conditions.Resolved)
  end
  return hs
end

if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation or conditions.Ready == nil then
  return hs
end

if conditions.Stalled ~= nil and conditions.Stalled.status == "True" then
  hs.status = "Degraded"
  hs.message = text(conditions.Stalled)
  return hs
end

if conditions.Reconciling ~= nil and conditions.Reconciling.status == "True" then
  -- Scalegate runs the evaluations of such a release itself.
  local automatic = obj.spec ~= nil and obj.spec.evaluations == "Automatic" and conditions.Reconciling.reason == "EvidenceMissing"
  if people[conditions.Reconciling.reason] and not automatic then
    hs.status = "Suspended"
  end
  hs.message = text(conditions.Reconciling)
  return hs
end

if conditions.Ready.status == "True" then
  hs.status = "Healthy"
else
  hs.status = "Degraded"
end
hs.message = text(conditions.Ready)
return hs
