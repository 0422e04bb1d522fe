# Get a token with PowerShell 5.1 or 7, and print it.
# BROKER_URL, BROKER_KEY, BROKER_USERNAME and BROKER_PASSWORD come from the environment.
# The password may be the secret of a connection: docs/connections.md.
$ErrorActionPreference = 'Stop'
# PowerShell 5.1 on an older Windows offers TLS 1.0 alone, which Azure refuses. PowerShell 7 takes no notice of this.
[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12

# PowerShell 5.1 sends text as ISO-8859-1 unless it is given bytes.
$json = @{ username = $env:BROKER_USERNAME; password = $env:BROKER_PASSWORD } | ConvertTo-Json
$request = @{
    Uri         = "$env:BROKER_URL/requesttoken"
    Method      = 'Post'
    ContentType = 'application/json; charset=utf-8'
    Headers     = @{ 'x-functions-key' = "$env:BROKER_KEY" }
    Body        = [Text.Encoding]::UTF8.GetBytes($json)
    TimeoutSec  = 110
}
try {
    (Invoke-RestMethod @request).accesstoken
} catch {
    # PowerShell 7 has the body in ErrorDetails; 5.1 in the response's stream. It holds no secret: `remedy` says what to do.
    $body = $_.ErrorDetails.Message
    if (-not $body -and $_.Exception.Response -and $_.Exception.Response.GetResponseStream) {
        $body = (New-Object IO.StreamReader $_.Exception.Response.GetResponseStream()).ReadToEnd()
    }
    [Console]::Error.WriteLine($(if ($body) { $body } else { $_.Exception.Message }))
    exit 1
}
