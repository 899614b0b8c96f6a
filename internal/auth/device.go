package auth

import "strings"

const unknownDevice = "Unknown device"

// maxDevice bounds the name of a program that is not known, in characters.
const maxDevice = 60

// What user agents have in them of programs and systems; the first that fits counts.
// Browsers name those that they are like, too: Edge is a Chrome and Chrome a Safari.
var (
	programs = [][2]string{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"Vivaldi/", "Vivaldi"}, {"SamsungBrowser/", "Samsung Internet"}, {"FxiOS/", "Firefox"},
		{"Firefox/", "Firefox"}, {"CriOS/", "Chrome"}, {"HeadlessChrome/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	}
	systems = [][2]string{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"CrOS", "ChromeOS"},
		{"Mac OS X", "macOS"}, {"Linux", "Linux"}, {"FreeBSD", "FreeBSD"}, {"OpenBSD", "OpenBSD"},
	}
)

// deviceOf names the program and the system behind a user agent for people, such as
// "Firefox on Linux", or "curl/8.5.0". Anybody can claim to be anything: it is for the
// owner of a session to know it again, and decides nothing.
func deviceOf(userAgent string) string {
	first := func(list [][2]string) string {
		for _, entry := range list {
			if strings.Contains(userAgent, entry[0]) {
				return entry[1]
			}
		}
		return ""
	}
	if program := first(programs); program != "" && strings.HasPrefix(userAgent, "Mozilla/") {
		if system := first(systems); system != "" {
			return program + " on " + system
		}
		return program
	}
	name, _, _ := strings.Cut(strings.TrimSpace(userAgent), " ")
	if chars := []rune(name); len(chars) > maxDevice {
		name = string(chars[:maxDevice])
	}
	if name == "" {
		return unknownDevice
	}
	return name
}
