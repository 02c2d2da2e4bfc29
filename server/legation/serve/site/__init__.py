"""The pages of the site: home, browsing, overviews, quality, questions, sitemap."""
