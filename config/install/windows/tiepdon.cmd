@echo off
rem The command of Tiep Don on this machine: the release in use, on the data of the service.
set /p release=<"@programs@\current.txt"
set "TIEPDON_CONFIG=@settings@\kiosk.toml"
set "TIEPDON_DATA=@data@"
"@programs@\releases\%release%\Scripts\tiepdon.exe" %*
