package graph

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/entente-id/entente/internal/fault"
)

// thing is an object with a property of each kind.
var thingKinds = map[string]Kind{"id": Key, "name": Text, "on": Flag, "n": Number, "at": Instant, "list": Texts, "a/b": Text}

func kindOf(name string) (string, Kind, bool) {
	for known, kind := range thingKinds {
		if strings.EqualFold(known, name) {
			return known, kind, true
		}
	}
	return "", 0, false
}

func thing(property string) any {
	return map[string]any{"id": "X1", "name": "Anna O'Neil", "on": true, "n": 50020, "at": "2026-11-22T12:00:00Z", "list": []string{"one", "two"}, "a/b": nil}[property]
}

func TestAFilterKeepsWhatFulfilsIt(t *testing.T) {
	for text, want := range map[string]bool{
		"name eq 'anna o''neil'": true, "name ne 'x'": true, "name eq null": false, "a/b eq null": true, "a/b ne null": false,
		"name in ('a', 'ANNA O''NEIL')": true, "name in ('a')": false, "on eq true": true, "on ne true": false,
		"n gt 9": true, "n le 50020": true, "n lt 50020": false, "n eq 50020": true,
		"at ge 2026-11-22T12:00:00Z": true, "at gt 2026-11-22T14:00:00+02:00": false, "at lt 2027-01-01T00:00:00Z": true,
		"not (name eq 'x')": true, "not startswith(name,'anna')": false, "endswith(name,'NEIL')": true, "contains(name,'na o')": true,
		"name eq 'x' or on eq true": true, "name eq 'x' or on eq true and n eq 1": false, "(name eq 'x' or on eq true) and n eq 50020": true,
		"list/any(x:x eq 'TWO')": true, "list/any(x: x eq 'three')": false, "list/any(x:startswith(x,'t') and x ne 'two')": false,
		"startswith(a/b,'x')": false, "id eq 11111111-0000-4000-8000-000000000000": false,
	} {
		f, err := parseFilter(text, kindOf)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := f.keeps(thing); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestAFilterThatIsNoneIsRefused(t *testing.T) {
	for text, code := range map[string]fault.Code{
		"": fault.FilterInvalid, "name": fault.FilterInvalid, "name eq": fault.FilterInvalid, "name eq 'a": fault.FilterInvalid,
		"(name eq 'a'": fault.FilterInvalid, "name eq 'a')": fault.FilterInvalid, "name in 'a'": fault.FilterInvalid, "name in ()": fault.FilterInvalid,
		"at eq 'text'": fault.FilterInvalid, "n eq 'x'": fault.FilterInvalid, "n eq -": fault.FilterInvalid, "secret eq 'a'": fault.FilterInvalid,
		"on gt true": fault.QueryUnsupported, "list eq 'a'": fault.QueryUnsupported, "name/any(x:x eq 'a')": fault.QueryUnsupported,
		"list/any(x:list/any(y:y eq 'a'))": fault.QueryUnsupported, "list/any(x:name eq 'a')": fault.FilterInvalid,
		"startswith(id,'a')": fault.QueryUnsupported, "name has 'a'": fault.QueryUnsupported, "tolower(name) eq 'a'": fault.QueryUnsupported,
		strings.Repeat("not ", 20) + "on eq true": fault.QueryUnsupported, strings.Repeat("on eq true or ", 10) + "on eq true": fault.QueryUnsupported,
	} {
		if _, err := parseFilter(text, kindOf); !fault.Has(err, code) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// print writes a filter as a client would.
func (f filter) print() string {
	values := make([]string, len(f.literals))
	for i, l := range f.literals {
		values[i] = l.text
		if l.null {
			values[i] = "null"
		} else if f.kind == Text || f.kind == Key {
			values[i] = "'" + strings.ReplaceAll(l.text, "'", "''") + "'"
		}
	}
	name := f.property
	if name == "list" {
		name = "x"
	}
	switch f.op {
	case "and", "or":
		parts := make([]string, len(f.parts))
		for i, p := range f.parts {
			parts[i] = "(" + p.print() + ")"
		}
		return strings.Join(parts, " "+f.op+" ")
	case "not":
		return "not (" + f.parts[0].print() + ")"
	case "any":
		return "list/any(x:" + f.parts[0].print() + ")"
	case "in":
		return name + " in (" + strings.Join(values, ",") + ")"
	case "startswith", "endswith", "contains":
		return f.op + "(" + name + "," + values[0] + ")"
	}
	return name + " " + f.op + " " + values[0]
}

// FuzzParseFilter holds that a filter is refused in two ways only, and that one
// which is understood is understood alike when it is written out again.
func FuzzParseFilter(f *testing.F) {
	for _, seed := range []string{
		"name eq 'anna o''neil'", "startsWith( name , 'a' ) and on eq true", "id eq ''''", "not(name eq 'a')", "name in ('a','b') or at gt 2026-01-01T00:00:00Z",
		"list/any(x:x eq 'a')", "startswith", "'", "(((", "name eq 'a' and", "name\teq\t'\x00'", "ON EQ FALSE", "n ge 10", "a/b eq null", "\xcb\xcb\xcb/AnY",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := parseFilter(text, kindOf)
		if err != nil {
			if !fault.Has(err, fault.FilterInvalid) && !fault.Has(err, fault.QueryUnsupported) {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		first.keeps(thing)
		second, err := parseFilter(first.print(), kindOf)
		if err != nil {
			// Written out with parentheses it may be deeper than is allowed.
			if fault.Has(err, fault.QueryUnsupported) {
				return
			}
			t.Fatalf("%q, printed: %v", first.print(), err)
		}
		if first.keeps(thing) != second.keeps(thing) || first.print() != second.print() {
			t.Fatalf("%q, printed and read again, is %q", first.print(), second.print())
		}
	})
}

func TestPathsAreCutAtTheirSlashesAndKeys(t *testing.T) {
	for path, want := range map[string][]string{
		"/v1.0//users/": {"v1.0", "users"}, "/users('a''b')": {"users", "a'b"}, "/applications(appId='x')/owners": {"applications", "appId='x'", "owners"},
		"/a()": {"a"}, "/a(": {"a("}, "/(x)": {"(x)"}, "/a(b(c))": {"a", "b(c)"}, "": nil,
	} {
		if got, err := segments(path); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
	if values, ok := match([]string{"applications", "{appId=}"}, []string{"Applications", "APPID='x''y'"}); !ok || values["appId"] != "x'y" {
		t.Errorf("%v, %v", values, ok)
	}
	for _, other := range []string{"x", "id='x'", "appId='x"} {
		if _, ok := match([]string{"{appId=}"}, []string{other}); ok {
			t.Errorf("%s fits", other)
		}
	}
}

func FuzzSegments(f *testing.F) {
	for _, seed := range []string{"/v1.0/users('x')", "a(b='c')/d", "((((", "/x(')/y", strings.Repeat("/a", 50)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		list, err := segments(path)
		if err != nil && !fault.Has(err, fault.PathUnknown) || err == nil && len(list) > maxSegments {
			t.Fatalf("%d segments, %v", len(list), err)
		}
		match([]string{"{a}", "{b=}"}, list)
	})
}

func FuzzReadToken(f *testing.F) {
	for _, seed := range []string{token("a-b"), "dTE", "", "!!", token("x y"), "d\nTF0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if after, valid := readToken(text); valid && (after == "" || len(after) > 128 || token(after) != text) {
			t.Fatalf("%q is read as %q", text, after)
		}
	})
}

func FuzzReadETag(f *testing.F) {
	for _, seed := range []string{`W/"1"`, `"1"`, `W/`, `""`, "*", `W/"` + strings.Repeat("1", 200) + `"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if etag, ok := readETag(text); ok && (etag == "" || len(etag) > 100) {
			t.Fatalf("%q is read as %q", text, etag)
		}
	})
}

// FuzzDecode holds that a body is read or refused as malformed, whatever it is.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"name":"a"}`, `{"name":1}`, `{"@odata.type":"x","inner":{"a@odata.type":"y","n":[{}]}}`, `[]`, `null`, `{"x":1}`, `{"name":"a"} {}`, `{`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var v struct {
			Name  string `json:"name"`
			Inner struct {
				N []map[string]string `json:"n"`
			} `json:"inner"`
		}
		if err := decode([]byte(text), &v); err != nil && !fault.Has(err, fault.RequestMalformed) {
			t.Fatalf("refused with %v", err)
		}
	})
}

func FuzzCheckParts(f *testing.F) {
	for _, seed := range []string{`{"requests":[{"id":"1","method":"GET","url":"/me"}]}`, `{"requests":[{"id":"1","method":"get","url":"x","dependsOn":["1"]}]}`, `{"requests":null}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var sent struct {
			Requests []part `json:"requests"`
		}
		if json.Unmarshal([]byte(text), &sent) != nil {
			return
		}
		if err := checkParts(sent.Requests); err == nil && (len(sent.Requests) < 1 || len(sent.Requests) > maxParts) {
			t.Fatal(strconv.Itoa(len(sent.Requests)) + " requests")
		}
	})
}

func TestInstantsAreStampedInUTC(t *testing.T) {
	if got := Stamp(time.Date(2026, 11, 22, 14, 0, 0, 0, time.FixedZone("", 7200))); got != "2026-11-22T12:00:00Z" || Stamp(time.Time{}) != nil {
		t.Errorf("%v", got)
	}
}
