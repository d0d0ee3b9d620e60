-- What tests/lsp/neovim.sh has Neovim do: wait for diagnostics, hover, apply the code action, type something broken, mend it, save.
local function fail(what)
  io.stderr:write('FAILED: ' .. what .. '\n')
  vim.cmd('cquit 1')
end
local function say(...)
  io.stderr:write(string.format(...) .. '\n')
end
local function wait(what, condition)
  if not vim.wait(20000, condition, 20) then
    fail(what)
  end
end

local client = vim.lsp.start_client({ name = 'crashlint', cmd = { vim.env.CRASHLINT, 'lsp' }, root_dir = vim.loop.cwd() })
vim.lsp.buf_attach_client(0, client)
wait('no diagnostics', function() return #vim.diagnostic.get(0) > 0 end)
local found = vim.diagnostic.get(0)
say('%d diagnostic: %s at %d:%d: %s', #found, found[1].code or '', found[1].lnum + 1, found[1].col + 1, found[1].message)
-- Neovim counts bytes: the face before the field is four of them, and two UTF-16 units.
local line = vim.api.nvim_buf_get_lines(0, found[1].lnum, found[1].lnum + 1, true)[1]
local there = line:sub(found[1].col + 1)
if there:sub(1, 16) ~= 'failureThreshold' and there:sub(1, 2) ~= '1}' then
  fail('the diagnostic stands at: ' .. there)
end

vim.api.nvim_win_set_cursor(0, { found[1].lnum + 1, found[1].col })
local encoding = vim.lsp.get_client_by_id(client).offset_encoding
local hover = vim.lsp.buf_request_sync(0, 'textDocument/hover', vim.lsp.util.make_position_params(0, encoding), 20000)
local page = hover[client].result.contents.value
say('hover: %d characters, %s', #page, page:match('# [a-z-]+'))

local params = vim.lsp.util.make_range_params(0, encoding)
params.context = { diagnostics = {}, only = { 'quickfix' } }
local actions = vim.lsp.buf_request_sync(0, 'textDocument/codeAction', params, 20000)[client].result
say('action: %s', actions[1].title)
vim.lsp.util.apply_workspace_edit(actions[1].edit, encoding)
wait('the diagnostic stays after its fix', function() return #vim.diagnostic.get(0) == 0 end)

vim.api.nvim_buf_set_lines(0, 0, 0, true, { 'a: [' })
wait('nothing is said of broken YAML', function() return #vim.diagnostic.get(0) > 0 end)
say('half typed: %s', vim.diagnostic.get(0)[1].message)
vim.api.nvim_buf_set_lines(0, 0, 1, true, {})
wait('the error stays', function() return #vim.diagnostic.get(0) == 0 end)
vim.cmd('write')
vim.lsp.stop_client(client)
vim.cmd('qall!')
