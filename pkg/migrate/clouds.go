// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

// cloud is a DNS provider that cert-manager has built in.
type cloud struct {
	// field of spec.acme.solvers[].dns01.
	field string
	// provider is lego's name of it.
	provider string
	read     func(f *fields, l *lego)
	// absent: dns01-lego does not have the provider.
	absent bool
}

// clouds with the settings of lego v5, in the order of their names.
var clouds = []cloud{
	{field: "acmeDNS", provider: "acmedns", read: readAcmeDNS},
	{field: "akamai", provider: "edgedns", read: readAkamai, absent: true},
	{field: "azureDNS", provider: "azuredns", read: readAzure},
	{field: "cloudDNS", provider: "gcloud", read: readCloudDNS},
	{field: "cloudflare", provider: "cloudflare", read: readCloudflare},
	{field: "digitalocean", provider: "digitalocean", read: readDigitalOcean},
	{field: "route53", provider: "route53", read: readRoute53},
}

// readAcmeDNS: both keep the accounts as a JSON object of names and accounts.
func readAcmeDNS(f *fields, l *lego) {
	l.set("ACME_DNS_API_BASE", f.str("host"))
	if from := f.secret("accountSecretRef", ""); from != nil {
		l.settings = append(l.settings, setting{key: "ACME_DNS_STORAGE_PATH", from: from, file: true})
	}
}

func readAkamai(f *fields, l *lego) {
	l.set("AKAMAI_HOST", f.str("serviceConsumerDomain"))
	l.setFrom("AKAMAI_CLIENT_TOKEN", f.secret("clientTokenSecretRef", ""))
	l.setFrom("AKAMAI_CLIENT_SECRET", f.secret("clientSecretSecretRef", ""))
	l.setFrom("AKAMAI_ACCESS_TOKEN", f.secret("accessTokenSecretRef", ""))
}

// azureEnvironments are lego's names of Azure's clouds.
var azureEnvironments = map[string]string{
	"AzurePublicCloud": "public", "AzureUSGovernmentCloud": "usgovernment", "AzureChinaCloud": "china",
}

func readAzure(f *fields, l *lego) {
	l.set("AZURE_CLIENT_ID", f.str("clientID"))
	l.setFrom("AZURE_CLIENT_SECRET", f.secret("clientSecretSecretRef", ""))
	l.set("AZURE_TENANT_ID", f.str("tenantID"))
	l.set("AZURE_SUBSCRIPTION_ID", f.str("subscriptionID"))
	l.set("AZURE_RESOURCE_GROUP", f.str("resourceGroupName"))
	l.set("AZURE_ZONE_NAME", f.str("hostedZoneName"))
	if environment := f.str("environment"); environment != "" {
		if azureEnvironments[environment] == "" {
			f.loss(f.at("environment"), "lego does not know %s.", quote(environment))
		}
		l.set("AZURE_ENVIRONMENT", azureEnvironments[environment])
	}
	if f.has("managedIdentity") || !f.has("clientSecretSecretRef") {
		l.without(f.at("managedIdentity"), "managed identities and workload identity", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID")
	}
	f.skip("managedIdentity")
}

func readCloudDNS(f *fields, l *lego) {
	l.set("GCE_PROJECT", f.str("project"))
	l.set("GCE_ZONE_ID", f.str("hostedZoneName"))
	from := f.secret("serviceAccountSecretRef", "")
	l.setFrom("GCE_SERVICE_ACCOUNT", from)
	if from == nil {
		l.without(f.at("serviceAccountSecretRef"), "the credentials of the node or of workload identity", "GCE_SERVICE_ACCOUNT (the JSON of a key of a service account)")
	}
}

func readCloudflare(f *fields, l *lego) {
	token, key := f.secret("apiTokenSecretRef", ""), f.secret("apiKeySecretRef", "")
	email := f.str("email")
	if token != nil {
		l.setFrom("CF_DNS_API_TOKEN", token)
		return
	}
	l.set("CF_API_EMAIL", email)
	l.setFrom("CF_API_KEY", key)
	if key == nil {
		f.fault(f.path, "want one of apiTokenSecretRef and apiKeySecretRef")
	}
}

func readDigitalOcean(f *fields, l *lego) {
	l.setFrom("DO_AUTH_TOKEN", f.secret("tokenSecretRef", ""))
}

func readRoute53(f *fields, l *lego) {
	l.set("AWS_ACCESS_KEY_ID", f.str("accessKeyID"))
	id, secret := f.secret("accessKeyIDSecretRef", ""), f.secret("secretAccessKeySecretRef", "")
	l.setFrom("AWS_ACCESS_KEY_ID", id)
	l.setFrom("AWS_SECRET_ACCESS_KEY", secret)
	l.set("AWS_REGION", f.str("region"))
	l.set("AWS_HOSTED_ZONE_ID", f.str("hostedZoneID"))
	l.set("AWS_ASSUME_ROLE_ARN", f.str("role"))
	switch {
	case f.has("auth"):
		l.without(f.at("auth"), "ServiceAccount tokens", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
	case secret == nil:
		l.without(f.path, "the credentials of the node or the pod", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
	}
	f.skip("auth")
}

// webhooks are lego's providers for solvers of cert-manager that are not built in, by the names that those webhooks give
// themselves, and the settings that the providers need.
var webhooks = map[string]struct {
	provider string
	settings []string
}{
	"bunny":             {"bunny", []string{"BUNNY_API_KEY"}},
	"desec":             {"desec", []string{"DESEC_TOKEN"}},
	"duckdns":           {"duckdns", []string{"DUCKDNS_TOKEN"}},
	"gandi":             {"gandiv5", []string{"GANDIV5_PERSONAL_ACCESS_TOKEN"}},
	"godaddy":           {"godaddy", []string{"GODADDY_API_KEY", "GODADDY_API_SECRET"}},
	"hetzner":           {"hetzner", []string{"HETZNER_API_TOKEN"}},
	"infomaniak":        {"infomaniak", []string{"INFOMANIAK_ACCESS_TOKEN"}},
	"inwx":              {"inwx", []string{"INWX_USERNAME", "INWX_PASSWORD"}},
	"ionos":             {"ionos", []string{"IONOS_API_KEY"}},
	"linode":            {"linode", []string{"LINODE_TOKEN"}},
	"namecheap":         {"namecheap", []string{"NAMECHEAP_API_USER", "NAMECHEAP_API_KEY"}},
	"netcup":            {"netcup", []string{"NETCUP_CUSTOMER_NUMBER", "NETCUP_API_KEY", "NETCUP_API_PASSWORD"}},
	"ovh":               {"ovh", []string{"OVH_ENDPOINT", "OVH_APPLICATION_KEY", "OVH_APPLICATION_SECRET", "OVH_CONSUMER_KEY"}},
	"pdns":              {"pdns", []string{"PDNS_API_URL", "PDNS_API_KEY"}},
	"porkbun":           {"porkbun", []string{"PORKBUN_API_KEY", "PORKBUN_SECRET_API_KEY"}},
	"scaleway":          {"scaleway", []string{"SCW_SECRET_KEY"}},
	"vultr":             {"vultr", []string{"VULTR_API_KEY"}},
	"cloudflare-solver": {"cloudflare", []string{"CF_DNS_API_TOKEN"}},
}

// webhook reads a solver that is an API server of its own. Its config is for that server alone.
func (l *lego) webhook(f *fields) {
	l.field = f.path
	group, solver := f.str("groupName"), f.str("solverName")
	f.skip("config")
	f.rest()
	known := webhooks[solver]
	l.provider, l.ask = known.provider, known.settings
	what := "find its provider in what dns01-lego list shows, or have a server with the bodies of lego's httpreq do it: dns01.webhook"
	if l.provider != "" {
		what = "lego has a provider for it"
	}
	f.loss(f.path, "solver %s of API group %s speaks cert-manager's own API for solvers; %s.", quote(solver), quote(group), what)
}
