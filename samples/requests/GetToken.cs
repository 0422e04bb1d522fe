// Get a token with .NET, and print it. As a whole program: `dotnet new console`, and this as Program.cs.
// BROKER_URL, BROKER_KEY, BROKER_USERNAME and BROKER_PASSWORD come from the environment.
// The password may be the secret of a connection: docs/connections.md.
using System.Net.Http.Json;
using System.Text.Json;

string Setting(string name) => Environment.GetEnvironmentVariable(name) ?? "";

// The broker itself gives up after 20 seconds.
using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(110) };
client.DefaultRequestHeaders.Add("x-functions-key", Setting("BROKER_KEY"));
using var response = await client.PostAsJsonAsync(
    Setting("BROKER_URL") + "/requesttoken",
    new { username = Setting("BROKER_USERNAME"), password = Setting("BROKER_PASSWORD") });
var text = await response.Content.ReadAsStringAsync();
if (response.IsSuccessStatusCode)
{
    Console.WriteLine(JsonDocument.Parse(text).RootElement.GetProperty("accesstoken").GetString());
    return 0;
}
// JSON with `remedy`, but for the platform's own empty 401 (wrong key) and 404 (wrong address).
Console.Error.WriteLine(text.Length > 0 ? text : $"{(int)response.StatusCode} {response.ReasonPhrase}");
return 1;
