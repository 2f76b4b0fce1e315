-- The load for wrk: transfers, transfers that all touch one wallet, batches, balances.
--
-- wrk -s transfers.lua URL -- KIND RUN WALLETS ITEMS
--   RUN      makes idempotency keys unique among runs
--   WALLETS  a file of wallet ids, one a line; the first is the hot one
--   ITEMS    transfers in a batch
-- The API key is in PAYFLOW_API_KEY. One line of JSON tells the result.

local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local random = math.random
local wallets, kind, run, items, head, made

local function pair()
  local from = random(#wallets)
  local to = random(#wallets - 1)
  if to >= from then to = to + 1 end
  return wallets[from], wallets[to]
end

local function pair_with_hot()
  local other = wallets[random(2, #wallets)]
  if made % 2 == 0 then return wallets[1], other end
  return other, wallets[1]
end

local function transfer(from, to)
  return '{"fromWalletId":"' .. from .. '","toWalletId":"' .. to
    .. '","amount":' .. random(100) .. ',"currency":"EUR"}'
end

local function post(path, body)
  made = made + 1
  return "POST " .. path .. head .. "Content-Type: application/json\r\nIdempotency-Key: "
    .. run .. "-" .. number .. "-" .. made
    .. "\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

local kinds = {}

function kinds.transfers()
  return post("/api/v1/transfers", transfer(pair()))
end

kinds.bare = kinds.transfers

function kinds.hot()
  return post("/api/v1/transfers", transfer(pair_with_hot()))
end

function kinds.batch()
  local each = {}
  for item = 1, items do each[item] = transfer(pair()) end
  local body = '{"mode":"independent","transfers":[' .. table.concat(each, ",") .. "]}"
  return post("/api/v1/transfers/batch", body)
end

function kinds.balance()
  return "GET /api/v1/wallets/" .. wallets[random(#wallets)] .. "/balance" .. head .. "\r\n"
end

function init(args)
  kind, run, items, made = kinds[args[1]], args[2], tonumber(args[4]), 0
  wallets = {}
  for id in io.lines(args[3]) do wallets[#wallets + 1] = id end
  math.randomseed(os.time() + number)
  head = " HTTP/1.1\r\nHost: " .. wrk.host .. "\r\nAuthorization: Bearer "
    .. os.getenv("PAYFLOW_API_KEY") .. "\r\n"
end

function request()
  return kind()
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"seconds":%.6f,"refused":%d,"broken":%d,"p50Ms":%.3f,"p99Ms":%.3f}\n',
    summary.requests, summary.duration / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
