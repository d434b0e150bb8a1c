-- wrk's script: THREADS METHOD PREFIX SUFFIX FIRST [FILE [SPAN]]. Each request takes the next number of
-- its thread, after SPAN numbers the first again, or the line of FILE with that number, "" is no file;
-- prints what was counted as one line of JSON.
local threads = {}
function setup(thread)
  thread:set("place", #threads)
  table.insert(threads, thread)
end

function init(args)
  stride, method, prefix, suffix = tonumber(args[1]), args[2], args[3], args[4]
  first = tonumber(args[5])
  span = tonumber(args[7] or "")
  used = place
  if args[6] and args[6] ~= "" then
    lines = {}
    for line in io.lines(args[6]) do lines[#lines + 1] = line end
  end
end

function request()
  local number = first + (span and used % span or used)
  used = used + stride
  if lines then number = lines[number] or "none-left" end
  return wrk.format(method, prefix .. (lines and number or string.format("%d", number)) .. suffix)
end

function done(summary, latency)
  local used = 0
  for _, thread in ipairs(threads) do used = math.max(used, thread:get("used")) end
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "seconds": %.6f, "failed": %d, "used": %d, ' ..
      '"p50_ms": %.4f, "p99_ms": %.4f}\n',
    summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    used, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
