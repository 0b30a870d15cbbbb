-- One decision about one window of one account's quota, at once for all replicas. It follows ledger.py and
-- shared_window.py, whose words explain the rules; the same tests hold both.
--
-- KEYS: what is known of all memory, and the window. ARGV: the request (redis_window.py), as JSON.
-- Answer: "lost" when this is not the memory that the caller knows, or else
-- now, and as JSON [taken, wait, ahead, crowded, others, wait of one who comes now, free, seconds until memory is sure].

local request = cjson.decode(ARGV[1])
local bounds, me, look, queue = request.bounds, request.me, request.look, request.queue
local limit, window = bounds.limit, bounds.window

local epoch = redis.call('HMGET', KEYS[1], 'id', 'sure_at')
if look and epoch[1] ~= request.epoch then
  return 'lost'
end

local now = request.now
if not now then
  local time = redis.call('TIME')
  now = time[1] + time[2] / 1000000
end

-- under: key -> {process, left_at, background}; ended: {left_at, ended_at, counted, number, of_people};
-- foreign: {seen_at, number}; waiting: process -> {arrivals, jobs, look_by}
local stored = redis.call('GET', KEYS[2])
local line = stored and cmsgpack.unpack(stored)
  or { under = {}, ended = {}, foreign = {}, waiting = {}, closed = 0, observed = 0, background = 0 }

local under_way, taken, others_taken

local function count()
  under_way, taken, others_taken = 0, 0, 0
  for _ in pairs(line.under) do
    under_way = under_way + 1
  end
  for _, group in ipairs(line.ended) do
    taken = taken + group[4]
  end
  for _, group in ipairs(line.foreign) do
    others_taken = others_taken + group[2]
  end
  taken = taken + under_way
end

local function forget_the_old()
  for name, moment in pairs({ ended = 2, foreign = 1 }) do
    local kept = {}
    for _, group in ipairs(line[name]) do
      if group[moment] > now - window then
        kept[#kept + 1] = group
      end
    end
    line[name] = kept
  end
end

local function finish(key, ended)
  local departure = line.under[key]
  line.under[key] = nil
  if not ended.sent then
    return
  end
  local of_people = (departure and departure[3]) and 0 or 1
  local left_at = ended.left_at or (departure and departure[2]) or now
  local last = line.ended[#line.ended]
  if #line.ended > bounds.kept_apart and now - last[1] < window / bounds.grains then
    last[1], last[2] = math.min(last[1], left_at), now
    last[3], last[4], last[5] = last[3] and ended.counted, last[4] + 1, last[5] + of_people
  else
    line.ended[#line.ended + 1] = { left_at, now, ended.counted, 1, of_people }
  end
end

local function take_back(number)
  while number > 0 do
    local oldest = line.foreign[1]
    local gone = math.min(number, oldest[2])
    oldest[2] = oldest[2] - gone
    number = number - gone
    if oldest[2] == 0 then
      table.remove(line.foreign, 1)
    end
  end
end

local function observe(allowed, remaining, left_at)
  if left_at < line.observed then
    return
  end
  line.observed = left_at
  count()
  local most = math.max(limit, bounds.most_counted)
  local used, unseen, known = math.max(allowed - remaining, 0), math.max(allowed - most, 0), others_taken
  line.allowed = math.min(allowed, most)
  local others = math.max(used - taken - unseen, 0)
  if others < known then
    local surely_in_it = 0
    for _, group in ipairs(line.ended) do
      if group[3] and group[2] <= left_at and now < group[1] + bounds.minute then
        surely_in_it = surely_in_it + group[4]
      end
    end
    others = math.min(known, math.max(used - surely_in_it - unseen, 0))
  end
  if others > known then
    line.foreign[#line.foreign + 1] = { now, others - known }
  end
  take_back(known - others)
end

local function turn_of(groups, most, ahead)
  table.sort(groups, function(one, other)
    return one[1] < other[1]
  end)
  local rounds, index, all = math.floor(ahead / most), ahead % most, 0
  for _, group in ipairs(groups) do
    all = all + group[2]
  end
  local place, free_at = index - (most - all), now
  for _, group in ipairs(groups) do
    if place < 0 then
      break
    end
    free_at = group[1]
    place = place - group[2]
  end
  return free_at + rounds * window
end

local function seconds_until_free(ahead)
  local allowed = line.allowed or limit
  if now >= line.closed and ahead + taken < math.min(limit, allowed - others_taken) then
    return 0
  end
  local own, all = { { now + window, under_way } }, { { now + window, under_way } }
  for _, group in ipairs(line.ended) do
    own[#own + 1] = { group[2] + window, group[4] }
    all[#all + 1] = { group[2] + window, group[4] }
  end
  for _, group in ipairs(line.foreign) do
    all[#all + 1] = { group[1] + window, group[2] }
  end
  local wait = math.max(turn_of(own, limit, ahead), turn_of(all, allowed, ahead), line.closed) - now
  return wait > bounds.clock_step and wait or 0
end

local function kept_free()
  local of_people = 0
  for _, group in ipairs(line.ended) do
    of_people = of_people + group[5]
  end
  for _, sent in pairs(line.under) do
    of_people = of_people + (sent[3] and 0 or 1)
  end
  local most = math.min(limit, line.allowed or limit)
  local expected = math.min(of_people, math.floor(most / 3))
  return math.min(math.max(math.ceil(most * bounds.kept_free), expected), most - 1)
end

local function seconds_until_spare(ahead)
  local paced = line.background + bounds.pace - now
  local kept = seconds_until_free(ahead + kept_free()) - bounds.held_up
  local wait = math.max(seconds_until_free(ahead), kept, paced)
  return wait > bounds.clock_step and wait or 0
end

local function is_crowded(ahead, background)
  if not background then
    return under_way + ahead >= bounds.at_once
  end
  local of_jobs = 0
  for _, sent in pairs(line.under) do
    of_jobs = of_jobs + (sent[3] and 1 or 0)
  end
  return of_jobs >= bounds.background_at_once or 2 * (under_way + ahead) >= bounds.at_once
end

local function others_before(of_a_job, arrival)
  local number = 0
  for process, waiting in pairs(line.waiting) do
    if process ~= me and waiting[3] > now then
      for _, other in ipairs(waiting[1]) do
        if of_a_job or other < arrival or (other == arrival and process < me) then
          number = number + 1
        end
      end
      for _, other in ipairs(of_a_job and waiting[2] or {}) do
        if other < arrival or (other == arrival and process < me) then
          number = number + 1
        end
      end
    end
  end
  return number
end

local function bury_the_dead()
  local alive, found = { [me] = true }, false
  local function is_dead(process)
    if alive[process] == nil then
      alive[process] = redis.call('EXISTS', request.replicas .. process) == 1
    end
    return not alive[process]
  end
  for key, sent in pairs(line.under) do
    -- What takes longer than any request may has ended, too: a refusal by Redis kept its end from being known.
    if is_dead(sent[1]) or sent[2] < now - bounds.longest_request then
      line.under[key] = nil
      line.ended[#line.ended + 1] = { sent[2], now, false, 1, sent[3] and 0 or 1 }
      found = true
    end
  end
  for process in pairs(line.waiting) do
    if is_dead(process) then
      line.waiting[process] = nil
      found = true
    end
  end
  return found
end

forget_the_old()
local sure_in = math.max((tonumber(epoch[2]) or 0) - now, 0)
if sure_in > 0 then
  line.closed = math.max(line.closed, now + sure_in)
end
for _, heard in ipairs(request.heard or {}) do
  if heard.close then
    line.closed = math.max(line.closed, now + heard.close)
  else
    observe(heard.allowed, heard.remaining, heard.left_at)
  end
end
if request.ended then
  finish(request.ended.key, request.ended)
end

local answer = { 0, 0, 0, 0, 0 }
local pause
if look then
  local of_a_job, arrival = look.of_a_job, now - look.age
  local function decide()
    count()
    local ahead = look.before + others_before(of_a_job, arrival)
    local wait = of_a_job and seconds_until_spare(ahead) or seconds_until_free(ahead)
    local crowded = is_crowded(ahead, of_a_job)
    local others = ahead > 0
    for _, sent in pairs(line.under) do
      others = others or sent[1] ~= me
    end
    answer = { 0, wait, ahead, crowded and 1 or 0, others and 1 or 0 }
    return look.before == 0 and wait == 0 and not crowded
  end
  local leaves = line.under[look.key] ~= nil or decide()
  if not leaves and bury_the_dead() then
    leaves = decide()
  end
  if leaves then
    if of_a_job and not line.under[look.key] then
      local due = line.background + bounds.pace
      line.background = now - due < bounds.pace * bounds.noticed_late and due or now
    end
    line.under[look.key] = { me, now, of_a_job }
    answer[1] = 1
  else
    local among = of_a_job and queue.jobs or queue.people
    among[#among + 1] = look.age
    local wait, others = answer[2], answer[5] == 1
    if look.before > 0 then
      pause = nil
    elseif wait == 0 then
      pause = bounds.longest_crowded
    else
      pause = others and math.min(wait, bounds.longest_pause) or wait
    end
  end
end

if #queue.people + #queue.jobs > 0 then
  local arrivals, jobs, before = {}, {}, line.waiting[me]
  for number, age in ipairs(queue.people) do
    arrivals[number] = now - age
  end
  for number, age in ipairs(queue.jobs) do
    jobs[number] = now - age
  end
  local look_by = before and not pause and before[3] or now + (pause or 0) + bounds.overtaken_after
  line.waiting[me] = { arrivals, jobs, look_by }
else
  line.waiting[me] = nil
end

count()
local keep = window + bounds.longest_request + math.max(line.closed - now, 0)
redis.call('SET', KEYS[2], cmsgpack.pack(line), 'PX', math.ceil(keep * 1000))

local people_waiting = #queue.people
for process, waiting in pairs(line.waiting) do
  if process ~= me and waiting[3] > now then
    people_waiting = people_waiting + #waiting[1]
  end
end
local free = math.max(math.min(limit, (line.allowed or limit) - others_taken) - taken, 0)
answer[6], answer[7], answer[8] = seconds_until_free(people_waiting), free, sure_in
return { string.format('%.6f', now), cjson.encode(answer) }
