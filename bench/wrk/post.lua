-- Creates tasks, each request one with a number of its own.
dofile("get.lua")

local number = 0

function init()
  math.randomseed(os.time())
  number = math.random(1000000)
end

function request()
  number = number + 1
  local body = string.format('{"x": "%d", "task_type": "add", "y": "1"}', number)
  return wrk.format("POST", nil, {["Content-Type"] = "application/json"}, body)
end
