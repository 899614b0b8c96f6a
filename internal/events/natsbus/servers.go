package natsbus

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/mpanel/mpanel/internal/secret"
)

// checkServers tells what is wrong with a list of NATS URLs. Its errors have
// nothing of them, since there may be credentials in them.
func checkServers(list secret.Text) error {
	for i, text := range strings.Split(list.Reveal(), ",") {
		if err := checkServer(strings.TrimSpace(text)); err != nil {
			return fmt.Errorf("the %s NATS server is not usable: %w; it looks like nats://user:password@host:4222 or tls://host:4222, several are divided by commas", ordinal(i+1), err)
		}
	}
	return nil
}

func checkServer(text string) error {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return errors.New("it is empty")
	case err != nil:
		return errors.New("it is no URL") // the error would have it
	case u.Scheme != "nats" && u.Scheme != "tls":
		return errors.New("its scheme is neither nats nor tls")
	case u.Hostname() == "":
		return errors.New("it has no host")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return errors.New("there is something behind host and port")
	}
	return nil
}

func ordinal(n int) string {
	switch n {
	case 1:
		return "1st"
	case 2:
		return "2nd"
	case 3:
		return "3rd"
	}
	return fmt.Sprintf("%dth", n)
}
