// An OpenID Connect provider for the tests: node issuer.mjs SETTINGS.json
// It is started in the folder that holds node_modules.
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.cwd()}/`);
const { default: Provider } = await import(pathToFileURL(require.resolve("oidc-provider")));
const settings = JSON.parse(readFileSync(process.argv[2], "utf8"));

const provider = new Provider(settings.issuer, {
  jwks: settings.jwks,
  clients: [
    {
      client_id: settings.clientId,
      client_secret: settings.clientSecret,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
    },
  ],
  // Read for each token, so that a test can change them.
  extraTokenClaims: () => JSON.parse(readFileSync(settings.claimsFile, "utf8")),
  scopes: ["kafka"],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => "urn:kafka",
      getResourceServerInfo: () => ({
        scope: "kafka",
        audience: settings.audience,
        accessTokenFormat: "jwt",
        accessTokenTTL: settings.tokenSeconds,
        jwt: { sign: { alg: "RS256" } },
      }),
    },
  },
});

const server = createServer(
  { cert: readFileSync(settings.certificate), key: readFileSync(settings.key) },
  provider.callback(),
);
server.listen(settings.port, "127.0.0.1", () => console.log("listening"));
