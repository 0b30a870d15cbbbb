-- Introduces a replica to the memory of all quotas, and returns [id, seconds until it can be relied on].
--
-- A Redis that lost its memory knows nothing of what was sent before. It shows by a missing id, by the id of another run
-- of its server (what is on a disk, or at a copy, may be older), or by a replica that remembers another one.
-- KEYS: what is known of all memory. ARGV: the server's run; the id that the replica knows from within the last minute,
-- or nothing; a new id; the seconds of a window; those in which other replicas make themselves known.

local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local stored = redis.call('HMGET', KEYS[1], 'id', 'run', 'sure_at')
local id, run, sure_at = stored[1], stored[2], tonumber(stored[3]) or 0
local known, window, grace = ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5])

if not id or run ~= ARGV[1] then
  sure_at = now + ((id or known ~= '') and window or grace)
  id = ARGV[3]
  redis.call('HSET', KEYS[1], 'id', id, 'run', ARGV[1], 'sure_at', string.format('%.6f', sure_at))
elseif known ~= '' and known ~= id then
  sure_at = math.max(sure_at, now + window)
  redis.call('HSET', KEYS[1], 'sure_at', string.format('%.6f', sure_at))
end
return { id, string.format('%.6f', math.max(sure_at - now, 0)) }
