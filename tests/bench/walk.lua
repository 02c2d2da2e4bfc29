-- Walks a list of paths, once or for ever: wrk … -s walk.lua URL -- LIST ACCEPT once|round
local ffi = require("ffi")
ffi.cdef("int getpid(void); int kill(int pid, int signal);")
local INTERRUPT = 2

local requests, once, last = {}, false, nil
local position = -1 -- wrk asks for one request that it does not send

function init(arguments)
  once = arguments[3] == "once"
  last = wrk.format("GET", "/")
  for path in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("GET", path, { Host = wrk.host, Accept = arguments[2] })
  end
end

function request()
  position = position + 1
  if position > #requests then
    if once then -- wrk sleeps for as long as it was told, unless it is interrupted
      wrk.thread:stop()
      ffi.C.kill(ffi.C.getpid(), INTERRUPT)
      return last
    end
    position = 1
  end
  return requests[math.max(position, 1)]
end

function done(summary, latency, _)
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("walked %d %d %d %d %d %d\n", summary.requests, summary.duration, errors.status, broken,
    latency:percentile(50), latency:percentile(99)))
end
