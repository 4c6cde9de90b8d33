// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// size is how much of a terminal there is; the zero value is no terminal.
type size struct {
	width, height int
	colour        bool
}

// terminalSize is the size of the terminal that is written to; zero where that is none.
func terminalSize(out io.Writer) size {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return size{}
	}
	width, height, err := term.GetSize(int(file.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		// A terminal that does not know its size is taken for the usual one.
		width, height = 80, 24
	}
	return size{width: width, height: height, colour: colourWanted()}
}

// Sequences that a terminal obeys.
const (
	// screenBegin turns to the second screen, so that what stood on the first is there again at the end, and hides the cursor.
	screenBegin = "\x1b[?1049h\x1b[?25l"
	screenEnd   = "\x1b[?25h\x1b[?1049l"
	// screenHome goes to the upper left, lineRest clears to the end of the line, and screenRest to the end of the screen.
	screenHome = "\x1b[H"
	lineRest   = "\x1b[K"
	screenRest = "\x1b[J"
)

// screen draws frames over one another. Nothing is cleared before it is written anew, so it does not flicker.
type screen struct {
	out   io.Writer
	shown string
}

func (s *screen) begin() error { return s.write(screenBegin) }

func (s *screen) end() error { return s.write(screenEnd) }

// draw shows lines from the top; what has no room below is counted in the last line. A frame that stands there already is
// not written again.
func (s *screen) draw(lines []string, height int) error {
	if room := max(height, 2); len(lines) > room {
		more := len(lines) - room + 1
		lines = append(append([]string{}, lines[:room-1]...), fmt.Sprintf("... %d more lines: make the window higher, or name a release", more))
	}
	var frame strings.Builder
	frame.WriteString(screenHome)
	for i, line := range lines {
		if i > 0 {
			frame.WriteString("\r\n")
		}
		frame.WriteString(line + lineRest)
	}
	frame.WriteString(screenRest)
	if frame.String() == s.shown {
		return nil
	}
	s.shown = frame.String()
	return s.write(s.shown)
}

func (s *screen) write(text string) error {
	if _, err := io.WriteString(s.out, text); err != nil {
		return fmt.Errorf("writing to the terminal: %w", err)
	}
	return nil
}
