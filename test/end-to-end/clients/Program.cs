using System.Net;
using System.Net.Http.Json;
using Duende.IdentityModel.Client;

var (url, username, password) = (args[0], args[1], args[2]);

// PostAsJsonAsync sends its body in chunks, without a Content-Length.
using var plain = new HttpClient();
await Print("PostAsJsonAsync", plain.PostAsJsonAsync(url, new { username, password }));

// Credentials are sent only when the server has asked for them.
using var handler = new HttpClientHandler { Credentials = new NetworkCredential(username, password) };
using var asked = new HttpClient(handler);
await Print("HttpClientHandler.Credentials", asked.PostAsync(url, null));
await Print("HttpClientHandler.Credentials, PostAsJsonAsync", asked.PostAsJsonAsync(url, new { client = "default" }));

// An OAuth library that we did not write. The function key is a header of its HTTP client.
using var oauth = new HttpClient();
oauth.DefaultRequestHeaders.Add("x-functions-key", "a-key");
foreach (var given in new[] { password, "Wrong-1" })
{
    var token = await oauth.RequestPasswordTokenAsync(new PasswordTokenRequest
    {
        Address = new Uri(new Uri(url), "/oauth2/token").ToString(),
        ClientId = "default",
        UserName = given == password ? username : "dotnet-oauth@contoso.example",
        Password = given,
    });
    Console.WriteLine($"RequestPasswordTokenAsync: {(int)token.HttpStatusCode} {token.Error ?? token.AccessToken}");
}

static async Task Print(string name, Task<HttpResponseMessage> answer)
{
    using var response = await answer;
    Console.WriteLine($"{name}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
}
