/* html_style.h - the style sheet of the HTML report (the plots' own rules are hr_plot_style). */
#ifndef HR_HTML_STYLE_H
#define HR_HTML_STYLE_H

extern const char hr_html_style[];

#endif
