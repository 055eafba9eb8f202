# Install or upgrade Tiep Don on Windows. Everything is decided in Python (kiosk/install); this
# script only finds Python and the program's wheel, which carries the installer.
#
#   powershell -ExecutionPolicy Bypass -File install.ps1 [--facility CODE] [--proxy URL] ...
#   powershell -ExecutionPolicy Bypass -File install.ps1 uninstall
#
# Run it as an administrator, in the folder of wheels.
$ErrorActionPreference = 'Stop'
$commands = 'install', 'upgrade', 'rollback', 'uninstall', 'wheels'
$words = @($args)
if ($words.Count -eq 0 -or $commands -notcontains $words[0]) {
    $words = @('install') + $words
}
$wheel = Get-ChildItem -Path $PSScriptRoot -Filter 'tiepdon-*.whl' |
    Sort-Object -Property LastWriteTime |
    Select-Object -Last 1
if ($null -eq $wheel) {
    Write-Error "install: no tiepdon-*.whl in $PSScriptRoot; expected a folder of wheels"
    exit 2
}
if (($words[0] -eq 'install' -or $words[0] -eq 'upgrade') -and $words -notcontains '--wheels' -and $words -notcontains '--wheel') {
    $words += @('--wheels', $PSScriptRoot)
}
$env:PYTHONPATH = $wheel.FullName
& py -3 -P -m kiosk.install @words
exit $LASTEXITCODE
