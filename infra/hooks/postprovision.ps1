# Runs postprovision.ts with the project's own Node.js, or with the machine's if that one runs TypeScript (22.18 and later).
$own = Join-Path $PSScriptRoot '..' '..' 'node_modules' '.bin' ($IsWindows ? 'node.cmd' : 'node')
foreach ($node in $own, 'node') {
  if (-not (Get-Command $node -ErrorAction SilentlyContinue)) { continue }
  & $node -e 'process.exit(process.features.typescript ? 0 : 1)'
  if ($LASTEXITCODE -eq 0) {
    & $node (Join-Path $PSScriptRoot 'postprovision.ts')
    exit $LASTEXITCODE
  }
}
[Console]::Error.WriteLine('Node.js 22.18 or later is needed to make the keys of the vault: run npm ci, or install it.')
exit 1
