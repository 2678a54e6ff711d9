package site

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/entente-id/entente/internal/account"
	"github.com/entente-id/entente/internal/pages"
	"github.com/entente-id/entente/internal/session"
	"github.com/entente-id/entente/internal/signin"
)

// SignOutWish is what an application asks of a sign-out (OpenID Connect
// RP-Initiated Logout).
type SignOutWish struct {
	// Back is where the person goes afterwards, an address that is registered;
	// empty to stay here.
	Back string
	// Hinted: the request proved that it comes from an application that the
	// person is signed in to, so nobody has to be asked.
	Hinted bool
	// Who is the sign-in name of the person meant, empty for everybody here.
	Who string
}

// leaving is a sign-out that waits for the person's word, sealed in the form.
type leaving struct {
	Back string `json:"back,omitempty"`
	Key  string `json:"key,omitempty"`
}

const leavingPurpose = "sign-out "

// AskSignOut signs out at once when the request proved where it comes from,
// else asks first.
func (s *Site) AskSignOut(w http.ResponseWriter, r *http.Request, wish SignOutWish) {
	browser := s.Browser(w, r)
	if wish.Hinted {
		s.endSession(w, r, browser, leaving{Back: wish.Back})
		return
	}
	people, err := s.rooms.Sessions.SignedIn(r.Context(), browser)
	if err != nil {
		s.RefuseVisit(w, r, err, signin.About{Step: "sign-out"})
		return
	}
	l := leaving{Back: wish.Back}
	meant := func(p session.Signed) bool { return account.FoldName(p.SignInName) == account.FoldName(wish.Who) }
	if i := slices.IndexFunc(people, meant); i >= 0 {
		people, l.Key = people[i:i+1], people[i].Key()
	}
	s.askToLeave(w, r, browser, people, l)
}

func (s *Site) askToLeave(w http.ResponseWriter, r *http.Request, browser session.Browser, people []session.Signed, l leaving) {
	f := pages.Frame{Lang: s.Language(r), Action: signOutAddress, FormOrigin: l.Back}
	if len(people) == 0 {
		s.SignedOut(w, pages.SignedOutView{Frame: f, Return: l.Back})
		return
	}
	plain, err := json.Marshal(l)
	if err == nil {
		f.Flow, err = s.key.SealText(plain, leavingPurpose+browser.ID)
	}
	if err != nil {
		s.RefuseVisit(w, r, err, signin.About{Step: "sign-out"})
		return
	}
	s.SignOut(w, pages.SignOutView{Frame: f, Accounts: s.tiles(f, people)})
}

func (s *Site) signOut(w http.ResponseWriter, r *http.Request) {
	if !s.Form(w, r) {
		return
	}
	browser := s.Browser(w, r)
	l := s.leaving(r, browser)
	if lang := r.PostForm.Get("lang"); lang != "" {
		s.choose(w, r, lang)
		people, err := s.rooms.Sessions.SignedIn(r.Context(), browser)
		if err != nil {
			s.RefuseVisit(w, r, err, signin.About{Step: "sign-out"})
			return
		}
		s.askToLeave(w, r, browser, slices.DeleteFunc(people, l.spares), l)
		return
	}
	if r.PostForm.Get("do") == "no" {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	if picked := r.PostForm.Get("pick"); picked != "" {
		l.Key = picked
	}
	s.endSession(w, r, browser, l)
}

// leaving reads the form of this browser. Without one, as from our own pages,
// everybody here is meant.
func (s *Site) leaving(r *http.Request, browser session.Browser) leaving {
	var l leaving
	plain, err := s.key.OpenText(r.PostForm.Get("flow"), leavingPurpose+browser.ID)
	if err != nil || json.Unmarshal(plain, &l) != nil {
		return leaving{}
	}
	return l
}

func (l leaving) spares(p session.Signed) bool { return l.Key != "" && p.Key() != l.Key }

func (s *Site) endSession(w http.ResponseWriter, r *http.Request, b session.Browser, l leaving) {
	frames, err := s.frames(r, b, l)
	if err == nil {
		err = s.rooms.Sessions.SignOut(r.Context(), b, l.Key)
	}
	if err != nil {
		s.RefuseVisit(w, r, err, signin.About{Step: "sign-out"})
		return
	}
	s.rooms.Presences.Nudge()
	if l.Key == "" {
		dropCookie(w, sessionCookie, http.SameSiteNoneMode)
	}
	if l.Back != "" && len(frames) == 0 {
		status := http.StatusFound
		if r.Method == http.MethodPost {
			status = http.StatusSeeOther
		}
		http.Redirect(w, r, l.Back, status)
		return
	}
	s.SignedOut(w, pages.SignedOutView{Frame: pages.Frame{Lang: s.Language(r)}, Return: l.Back, Frames: frames})
}

// frames are asked for before the session ends: afterwards the applications are
// being told, and forgotten.
func (s *Site) frames(r *http.Request, b session.Browser, l leaving) ([]string, error) {
	people, err := s.rooms.Sessions.SignedIn(r.Context(), b)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, p := range slices.DeleteFunc(people, l.spares) {
		fronts, err := s.rooms.Presences.Fronts(r.Context(), p.Home, p.SIDs())
		if err != nil {
			return nil, err
		}
		list = append(list, fronts...)
	}
	return list, nil
}
