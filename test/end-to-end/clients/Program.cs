using System.Net;
using System.Net.Http.Json;

var (url, username, password) = (args[0], args[1], args[2]);

// PostAsJsonAsync sends its body in chunks, without a Content-Length.
using var plain = new HttpClient();
await Print("PostAsJsonAsync", plain.PostAsJsonAsync(url, new { username, password }));

// Credentials are sent only when the server has asked for them.
using var handler = new HttpClientHandler { Credentials = new NetworkCredential(username, password) };
using var asked = new HttpClient(handler);
await Print("HttpClientHandler.Credentials", asked.PostAsync(url, null));
await Print("HttpClientHandler.Credentials, PostAsJsonAsync", asked.PostAsJsonAsync(url, new { client = "default" }));

static async Task Print(string name, Task<HttpResponseMessage> answer)
{
    using var response = await answer;
    Console.WriteLine($"{name}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
}
