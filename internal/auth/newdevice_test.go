package auth_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/secret"
)

func TestSignIn_TellsOfANewDevice(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.admin("ada@example.com")
	const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	signIn := func(ip, agent string) {
		t.Helper()
		_, err := p.SignIn(actor.WithRequest(t.Context(), actor.Request{IP: ip, UserAgent: agent}), auth.SignInInput{Email: "ada@example.com", Password: secret.New(password)})
		require.NoError(t, err)
	}
	signIn("2001:db8:1:2::1", firefox)
	signIn("2001:db8:1:2:ffff::2", firefox) // from the same line
	p.quiet()
	require.Empty(t, p.devices, "not for the first one, nor one that is known")
	signIn("198.51.100.9", firefox)
	require.Contains(t, (<-p.devices).Text, "from 198.51.100.9")
	signIn("198.51.100.9", "curl/8.0\r\nBcc: victim@example.com")
	l := <-p.devices
	require.Contains(t, l.Text, "from 198.51.100.9")
	require.NotContains(t, l.Text, "Bcc: victim@example.com")
	signIn("198.51.100.9", firefox)
	p.quiet()
	require.Empty(t, p.devices)
}

// Whoever signs in with the password of before at the moment of its change does not
// outlive it.
func TestSignIn_WhileThePasswordIsChanged(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.Unbounded()
	p.admin("ada@example.com")
	for range 10 {
		p.exec("DELETE FROM account_tokens")
		token := p.resetLink("ada@example.com")
		var wg sync.WaitGroup
		begin := make(chan struct{})
		for range 8 {
			wg.Go(func() {
				<-begin
				_, err := p.SignIn(context.WithoutCancel(t.Context()), auth.SignInInput{Email: "ada@example.com", Password: secret.New(password)})
				if err != nil && fault.CodeOf(err) != fault.Unauthenticated {
					t.Error(err)
				}
			})
		}
		wg.Go(func() {
			<-begin
			if _, err := p.ResetPassword(context.WithoutCancel(t.Context()), resetInput(token)); err != nil {
				t.Error(err)
			}
		})
		close(begin)
		wg.Wait()
		require.Equal(t, 0, p.count("SELECT count(*) FROM sessions WHERE ended_at IS NULL"))
		p.arrived("ada@example.com", changedSubject)
		_, err := p.ResetPassword(t.Context(), auth.ResetPasswordInput{Token: p.resetLink("ada@example.com"), Password: secret.New(password)})
		require.NoError(t, err)
		p.arrived("ada@example.com", changedSubject)
	}
}
