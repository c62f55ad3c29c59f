// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"

	"github.com/tollgate-dev/tollgate/plugins/dns01-lego/internal/catalog"
)

// Everything in this file was decided by a person who read lego v5.3.1 and the
// SDKs that it uses. The generator stops at what is not decided here.

// excluded are providers that are not offered, with the reason that people get.
var excluded = map[string]string{
	"exec":        "it runs programs; write an exec plugin instead",
	"manual":      "it asks a person at a terminal",
	"alidns":      "modules of its SDK could not be had when this list was made",
	"aliesa":      "modules of its SDK could not be had when this list was made",
	"edgedns":     "modules of its SDK could not be had when this list was made",
	"oraclecloud": "modules of its SDK could not be had when this list was made",
	"yandexcloud": "modules of its SDK could not be had when this list was made",
}

// fileKey and fileWords find settings that may name a file.
var (
	fileKey   = regexp.MustCompile(`(^|_)(FILE|PATH|LOCATION|DIR|EDGERC|KEYTAB|PROFILE|CONFIG|CERT|CERTIFICATE|HOME|SOCKET)(_|$)|_CLOUD$`)
	fileWords = regexp.MustCompile(`(?i)\b(files?|paths?|director(y|ies)|folder|location)\b`)
)

// fileSettings says of each setting that fileKey or fileWords find what it is.
var fileSettings = map[string]catalog.File{
	"ACME_DNS_STORAGE_PATH":          catalog.FileContent, // accounts in JSON
	"AZURE_CLIENT_CERTIFICATE_PATH":  catalog.FileContent, // PEM or PKCS #12
	"DNSUPDATE_TSIG_FILE":            catalog.FileContent, // as tsig-keygen writes it, no includes
	"DNSUPDATE_TSIG_GSS_KEYTAB_FILE": catalog.FileContent, // binary
	"HYPERONE_PASSPORT_LOCATION":     catalog.FileContent, // JSON
	"INFOBLOX_CA_CERTIFICATE":        catalog.FileContent, // PEM
	"TRANSIP_PRIVATE_KEY_PATH":       catalog.FileContent, // PEM

	// Profiles can name programs (credential_process) and other files.
	"AWS_PROFILE":                 catalog.FileRefused,
	"AWS_SDK_LOAD_CONFIG":         catalog.FileRefused,
	"AWS_SHARED_CREDENTIALS_FILE": catalog.FileRefused,
	// GCE_SERVICE_ACCOUNT takes the content.
	"GCE_SERVICE_ACCOUNT_FILE": catalog.FileRefused,

	// AWS says "_FILE is not supported" of these.
	"AWS_ACCESS_KEY_ID":     catalog.NoFile,
	"AWS_SECRET_ACCESS_KEY": catalog.NoFile,
	// Names of configurations, regions and the like on the server.
	"BLUECAT_CONFIG_NAME":    catalog.NoFile,
	"BLUECATV2_CONFIG_NAME":  catalog.NoFile,
	"HYPERONE_LOCATION_ID":   catalog.NoFile,
	"SELECTELV2_AUTH_REGION": catalog.NoFile,
	// PEM, not a path.
	"REGRU_TLS_CERT": catalog.NoFile,
}

// undeclared are settings that a provider's code or SDK reads, that are needed
// in common set-ups, and that lego's metadata leaves out.
var undeclared = map[string][]catalog.Setting{
	"designate": {
		{Key: "OS_DOMAIN_ID", Description: "Domain ID of the user"},
		{Key: "OS_DOMAIN_NAME", Description: "Domain name of the user"},
	},
	"lightsail": {
		{Key: "AWS_SESSION_TOKEN", Description: "Session token of temporary credentials"},
		{Key: "LIGHTSAIL_REGION", Description: "Region (Default: us-east-1)"},
	},
	"route53": {{Key: "AWS_SESSION_TOKEN", Description: "Session token of temporary credentials"}},
}

// openers are providers whose own packages call functions of the package os
// that take a path. Their settings are in fileSettings, or the call is not reached.
var openers = map[string]string{
	"azuredns":   "reads AZURE_OIDC_TOKEN_FILE_PATH, which is not declared and so refused",
	"dnsupdate":  "reads DNSUPDATE_TSIG_FILE",
	"gcloud":     "reads a path that only callers of the Go API give",
	"hyperone":   "reads HYPERONE_PASSPORT_LOCATION, else ~/.h1/passport.json, which is not there",
	"internetbs": "writes a recording that only its tests switch on", //nolint:misspell // it is a name
}

// runners are packages outside the standard library that import os/exec and
// that some provider links, with the reason why they run nothing here.
var runners = map[string]string{
	"cloud.google.com/go/auth/credentials/internal/externalaccount": "for credentials of the type external_account, and GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES; gcloud takes the type service_account alone",
	"cloud.google.com/go/auth/internal/transport/cert":              "for a file in the home folder, which is not there",
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity":              "for the methods cli and default; azuredns gets the method env",
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds":         "for credential_process of a profile; profiles are refused, and there is no file of them",
	"github.com/googleapis/enterprise-certificate-proxy/client":     "for a file in the home folder, which is not there",
	"github.com/mitchellh/go-homedir":                               "when HOME is not set, which it always is",
	"github.com/pkg/browser":                                        "for logging in by browser, which no provider does",
	"golang.org/x/oauth2/google/externalaccount":                    "for credentials of the type external_account, and GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES; gcloud takes the type service_account alone",
	"google.golang.org/api/internal/cert":                           "for a file in the home folder, which is not there",
}
