// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/miekg/dns"
)

// update is what is needed to say in words what a name server answered to an update.
type update struct {
	zone, fqdn, server string
	key                *tsigKey
	now                time.Time
}

// outcome returns nil if the update was done. An error says what to change. err came from the exchange; an answer may
// be there all the same.
func (u update) outcome(answer *dns.Msg, err error) error {
	if answer != nil && answer.Rcode == dns.RcodeNotAuth { // such answers need not be signed (RFC 8945 section 5.3.2)
		return u.notAuth(answer.IsTsig())
	}
	switch {
	case errors.Is(err, dns.ErrTime):
		return mark(ErrConfiguration, errors.New("the answer was signed at a time that is more than 5 minutes from now; set the clocks of both machines"))
	case errors.Is(err, dns.ErrSig), errors.Is(err, dns.ErrSecret), errors.Is(err, dns.ErrAlg), errors.Is(err, dns.ErrKeyAlg):
		return mark(ErrCredentials, fmt.Errorf("the answer is not signed with key %q and algorithm %s; check that nameserver is the one that has the key",
			u.keyName(), u.algorithm()))
	case err != nil:
		return fmt.Errorf("%s; check that the name server answers over TCP there and that network policies permit it", cause(err))
	}
	if err := u.refusal(answer.Rcode); err != nil {
		return err
	}
	if u.key != nil && answer.IsTsig() == nil {
		return mark(ErrCredentials, errors.New("the answer is not signed and cannot be trusted; check that nameserver is the one that has the TSIG key"))
	}
	return nil
}

// notAuth has two meanings: the server is not authoritative, or TSIG failed (RFC 8945 section 5.2).
func (u update) notAuth(t *dns.TSIG) error {
	if t == nil || t.Error == dns.RcodeSuccess {
		return mark(ErrConfiguration, fmt.Errorf("the name server is not authoritative for zone %s (NOTAUTH); set nameserver to the primary of that zone, or correct the zone's SOA record", u.zone))
	}
	switch t.Error {
	case dns.RcodeBadKey:
		return mark(ErrCredentials, fmt.Errorf("the name server does not know TSIG key %q with algorithm %s (BADKEY); check tsigKeyName and tsigAlgorithm", u.keyName(), u.algorithm()))
	case dns.RcodeBadSig:
		return mark(ErrCredentials, fmt.Errorf("the name server has another secret for TSIG key %q (BADSIG); check tsigSecretRef", u.keyName()))
	case dns.RcodeBadTrunc:
		return mark(ErrCredentials, errors.New("the name server wants a longer signature (BADTRUNC); choose another tsigAlgorithm"))
	case dns.RcodeBadTime:
		return mark(ErrConfiguration, fmt.Errorf("the name server's clock is %s (BADTIME); set the clocks of both machines", u.offset(t)))
	}
	return mark(ErrCredentials, fmt.Errorf("the name server did not accept TSIG key %q (%s)", u.keyName(), rcode(int(t.Error))))
}

func (u update) refusal(code int) error {
	switch code {
	case dns.RcodeSuccess:
		return nil
	case dns.RcodeRefused:
		if u.key == nil {
			return mark(ErrCredentials, fmt.Errorf("the name server refused (REFUSED); let it accept unsigned updates of %s from the controller's address, or set tsigKeyName and tsigSecretRef", u.fqdn))
		}
		return mark(ErrCredentials, fmt.Errorf("the name server refused (REFUSED); its update policy must let key %q change TXT records at %s", u.keyName(), u.fqdn))
	case dns.RcodeNotZone:
		return mark(ErrConfiguration, fmt.Errorf("the name server says that the name is not in zone %s (NOTZONE); compare its zones with the SOA records that DNS shows", u.zone))
	case dns.RcodeNotImplemented:
		return mark(ErrConfiguration, errors.New("the name server does not take dynamic updates (NOTIMP); set nameserver to one that does"))
	case dns.RcodeFormatError:
		return mark(ErrConfiguration, errors.New("the name server did not understand the update (FORMERR); check that it takes dynamic updates (RFC 2136)"))
	case dns.RcodeServerFailure:
		return errors.New("the name server failed (SERVFAIL); its log says why, for example that the zone's file cannot be written")
	}
	return fmt.Errorf("the name server answered %s", rcode(code))
}

// offset says how far the server's clock, which it put in its answer (RFC 8945 section 5.2.3), is from the controller's.
func (u update) offset(t *dns.TSIG) string {
	server, err := strconv.ParseUint(t.OtherData, 16, 48)
	if err != nil || server == 0 {
		return "too far from the controller's"
	}
	d := time.Unix(int64(server), 0).Sub(u.now).Round(time.Minute)
	if d < 0 {
		return fmt.Sprintf("%s behind the controller's", -d)
	}
	return fmt.Sprintf("%s ahead of the controller's", d)
}

func (u update) keyName() string {
	if u.key == nil {
		return ""
	}
	return u.key.name
}

func (u update) algorithm() string {
	if u.key == nil {
		return ""
	}
	return u.key.wire
}

// rcode is the mnemonic of a response code.
func rcode(code int) string {
	if s, ok := dns.RcodeToString[code]; ok {
		return s
	}
	return "response code " + strconv.Itoa(code)
}
