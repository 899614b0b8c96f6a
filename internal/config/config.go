// Package config is the one table of options: name, type, default, unit and
// help. Each is a flag, a variable MPANEL_<NAME> and a key of the JSON file that
// --config names, in this order of precedence. It opens and checks nothing.
package config

import (
	"log/slog"
	"time"

	"github.com/alecthomas/kong"

	"github.com/mpanel/mpanel/internal/secret"
)

// Options are common to all sub-commands.
type Options struct {
	Config File `help:"JSON file with further options." placeholder:"FILE"`

	Listen              string        `default:":8080" help:"Address to serve HTTP on, or HTTPS with TLS."`
	ListenHTTP          string        `name:"listen-http" help:"With TLS, another address, such as :80, where plain HTTP is sent on to HTTPS and an ACME authority's questions are answered." placeholder:"ADDRESS"`
	TLS                 TLS           `name:"tls" default:"off" enum:"off,self-signed,files,acme" help:"Where the certificate comes from: off serves plain HTTP, as behind a proxy or on this machine alone; self-signed, which browsers warn of; files; or acme, such as Let's Encrypt."`
	TLSCert             string        `name:"tls-cert" help:"PEM file of the certificate and of those it was signed by, with files. A new one is taken without a restart." placeholder:"FILE"`
	TLSKey              string        `name:"tls-key" help:"PEM file of the certificate's key, with files." placeholder:"FILE"`
	ACMEHosts           []string      `name:"acme-hosts" help:"Host names to have certificates for, with acme; by default the base URL's." placeholder:"HOST"`
	ACMEEmail           string        `name:"acme-email" help:"Address that the ACME authority writes to." placeholder:"EMAIL"`
	ACMEURL             string        `name:"acme-url" help:"Directory of the ACME authority; by default Let's Encrypt's, whose terms are agreed to." placeholder:"URL"`
	BaseURL             string        `name:"base-url" help:"URL under which people reach the panel; by default made of the listen address." placeholder:"URL"`
	AllowedOrigins      []string      `help:"Origins of other web apps that may call the API from a browser, such as https://app.example.com." placeholder:"ORIGIN"`
	TrustedProxies      []string      `help:"Addresses or networks of reverse proxies, such as 10.0.0.0/8, whose X-Forwarded-For says where a request comes from. Others are not believed." placeholder:"NETWORK"`
	DataDir             string        `default:"./data" help:"Folder of the embedded default: two private PostgreSQL clusters and the secret key." type:"path"`
	TenantsListen       string        `default:"127.0.0.1" help:"IP address that the embedded cluster of tenants' databases listens on: the one that customers connect to. Each database says from which networks." placeholder:"IP"`
	DatabaseURL         secret.Text   `name:"database-url" help:"The panel's PostgreSQL; without it, private clusters are started under the data dir. Give it as MPANEL_DATABASE_URL, not as a flag that others see." placeholder:"URL"`
	OwnerURL            secret.Text   `name:"database-owner-url" help:"The panel's PostgreSQL once more, as the role that owns its tables: it migrates them at the start and lets the role of MPANEL_DATABASE_URL work with them, which then cannot change the audit. Give it as MPANEL_DATABASE_OWNER_URL." placeholder:"URL"`
	SecretKey           secret.Text   `help:"Encrypts what is stored: 32 random characters or more, the same on every node. Required with a database URL, otherwise generated into the data dir. Give it as MPANEL_SECRET_KEY." placeholder:"KEY"`
	OldSecretKey        secret.Text   `help:"The secret key of before, accepted beside the new one while nodes change to it. Give it as MPANEL_OLD_SECRET_KEY." placeholder:"KEY"`
	NewSecretKey        secret.Text   `help:"The secret key that comes next, accepted beside the one of now, so that nodes can change to it one after another. Give it as MPANEL_NEW_SECRET_KEY." placeholder:"KEY"`
	NATSURL             secret.Text   `name:"nats-url" help:"NATS servers that carry live events from node to node, divided by commas; without it, what happens on another node is told up to a second later. Give it as MPANEL_NATS_URL, not as a flag that others see." placeholder:"URL"`
	NodeID              string        `name:"node-id" help:"Name of this node, different on each; by default the host's." placeholder:"NAME"`
	AdvertiseURL        string        `name:"advertise-url" help:"URL under which other nodes reach this one; needed for dumps that lie on it when there are several." placeholder:"URL"`
	SurveyInterval      time.Duration `default:"1m" help:"How often each database server is compared with what it is to have: 2s to 1h." placeholder:"TIME"`
	Executor            Executor      `default:"compiled" enum:"compiled,stock" help:"What executes GraphQL: compiled, which loads whole levels at once, or stock, gqlgen's own, which gives the same answers with more work."`
	ExecutorShadow      int           `help:"One of so many queries is executed a second time, by the other executor, and compared; it takes as long again. 0 compares none." placeholder:"N"`
	CostBudget          int           `default:"6000000" help:"Points of @cost that one user may use up in a minute, on each node; of callers who are not signed in each address has a tenth. 0 is without limit." placeholder:"N"`
	TrustedDocs         string        `name:"trusted-documents" help:"JSON file of GraphQL documents by their SHA-256, as compilers of clients write it; they can be named by their hash." placeholder:"FILE"`
	Documents           Documents     `default:"any" enum:"any,trusted" help:"Which GraphQL documents are executed: any, or only trusted ones."`
	Introspection       string        `default:"public" enum:"public,signed-in,off" help:"Who may ask for the schema: public, signed-in or off. The text at /schema.graphql is there for public only."`
	GraphiQL            GraphiQL      `name:"graphiql" default:"auto" enum:"auto,on,off" help:"Whether GraphiQL is served at /graphiql: on, off, or auto, which is on unless introspection is off."`
	SessionIdle         time.Duration `default:"336h" help:"How long a session lives without being used: 5m or more." placeholder:"TIME"`
	SessionLifetime     time.Duration `default:"720h" help:"How long a session lives, however much it is used: no less than it lives without, and at most 8784h." placeholder:"TIME"`
	RequireSecondFactor []string      `enum:"OWNER,ADMIN,SUPPORT,BILLING" help:"Roles with the provider, such as OWNER,ADMIN, whose users may do nothing until they have set up an authenticator app." placeholder:"ROLE"`
	SMTPURL             secret.Text   `name:"smtp-url" help:"SMTP server for e-mails: smtp://user:password@mail.example.com:587, with ?starttls=opportunistic or off if it must be, or smtps://mail.example.com:465. Without it they wait, or, on a machine that serves itself alone, lie at /mailbox. Give it as MPANEL_SMTP_URL, not as a flag that others see." placeholder:"URL"`
	MailFrom            string        `help:"Who e-mails are from, such as MPanel <panel@example.com>. Required with an SMTP server." placeholder:"ADDRESS"`
	Language            Language      `default:"en" enum:"en,de" help:"Language of e-mails to people who have not chosen one: en or de."`
	SignUp              SignUp        `default:"off" enum:"on,off" help:"Whether anybody can sign up, and gets a customer of their own: on or off."`

	SignUpDatabases     int64 `default:"1" help:"How many databases the customer of somebody who signs up may have." placeholder:"N"`
	SignUpDatabaseBytes int64 `default:"1073741824" help:"How many bytes these may have together." placeholder:"BYTES"`

	LogLevel slog.Level `default:"info" help:"debug, info, warn or error." placeholder:"LEVEL"`
}

// A Language is a language of e-mails.
type Language string

// SignUp tells whether anybody can sign up.
type SignUp string

// Whether they can.
const (
	SignUpOff SignUp = "off"
	SignUpOn  SignUp = "on"
)

// TLS tells where the certificate comes from.
type TLS string

// Where it may come from.
const (
	TLSOff        TLS = "off"
	TLSSelfSigned TLS = "self-signed"
	TLSFiles      TLS = "files"
	TLSACME       TLS = "acme"
)

// An Executor is what executes GraphQL operations.
type Executor string

// The executors.
const (
	ExecutorCompiled Executor = "compiled"
	ExecutorStock    Executor = "stock"
)

// Documents are the GraphQL documents that are executed.
type Documents string

// Which documents.
const (
	DocumentsAny     Documents = "any"
	DocumentsTrusted Documents = "trusted"
)

// GraphiQL tells whether its pages are served.
type GraphiQL string

// When they are.
const (
	GraphiQLAuto GraphiQL = "auto"
	GraphiQLOn   GraphiQL = "on"
	GraphiQLOff  GraphiQL = "off"
)

// A File is a JSON file of options.
type File string

// BeforeResolve adds the file, and the variables once more after it: of kong's
// resolvers the last one wins.
func (f File) BeforeResolve(k *kong.Kong, ctx *kong.Context, trace *kong.Path, variables kong.Resolver) error {
	if path, ok := ctx.FlagValue(trace.Flag).(File); ok && path != "" {
		file, err := k.LoadConfig(string(path))
		if err != nil {
			return err
		}
		ctx.AddResolver(file)
	}
	ctx.AddResolver(variables)
	return nil
}
